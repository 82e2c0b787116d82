"""The README of a study: its question, answer, notes, commands and machine, in Markdown."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fieldlab.report.answer import name_headline, rank_by_signal, rank_over_signals
from fieldlab.report.choice import judge_of
from fieldlab.report.ranks import difference_table, rank_fields
from fieldlab.report.results import list_machines
from fieldlab.report.summary import markdown, summary_table
from fieldlab.report.table import scoring_of_fits
from fieldlab.runs.result import Plan, Result

NOTES = "NOTES.md"  # beside the README: what a reader should know, by hand


def write_readme(
    to: Path, command: str, plan: Plan | None, results: Mapping[str, Result], fits: pd.DataFrame, caption: str | None
) -> str:
    """The text of the README in the folder `to`."""
    parts = [f"# {fits.study.iloc[0]}"]
    if plan and plan.question:
        parts.append(plan.question)
    answer = [*rank_over_signals(fits), *rank_by_signal(fits)]
    notes = list_notes(to, plan)
    parts += ["## Answer", "\n\n".join(answer or notes), *describe_table(fits, results), *compare_fields(fits)]
    if caption:
        parts.append(f"![figure](figure.png)\n\n{caption}")
    if notes and answer:
        parts += ["## Notes", *notes]
    if plan:
        parts += ["## Commands", "```bash\n" + "\n".join([*plan.commands, command]) + "\n```"]
    parts += ["## Machine", "\n".join(f"- {line}" for line in list_machines(results))]
    return "\n\n".join(parts) + "\n"


def list_notes(to: Path, plan: Plan | None) -> list[str]:
    """A link to the notes beside the README, where there are some, and the notes of the plan."""
    link = [f"See [{NOTES}]({NOTES})."] if (to / NOTES).is_file() else []
    return [*link, *([plan.notes] if plan and plan.notes else [])]


def describe_table(fits: pd.DataFrame, results: Mapping[str, Result]) -> list[str]:
    """The best row of each field on each signal, and where all rows are."""
    best = summary_table(fits, results, best=True)
    shortened = len(best) < len(summary_table(fits, results))
    which = f" Each field at its best setting by {judge_of(fits)[1]}." if shortened else ""
    return [markdown(best), f"{scoring_of_fits(fits).note}{which} One row a run: [table.csv](table.csv)."]


def compare_fields(fits: pd.DataFrame) -> list[str]:
    """Which differences between many fields are more than chance, where there are signals enough."""
    if ranks := rank_fields(fits):
        return [ranks.describe()]
    table = difference_table(fits)
    if table.empty:
        return []
    told = (
        f"Differences in {name_headline(fits)} to {fits.field.iloc[0]}, paired over signals: the mean, its percentile bootstrap interval, and the chance of a"
        " paired t-test, corrected for how many fields there are."
    )
    return [markdown(table), told]
