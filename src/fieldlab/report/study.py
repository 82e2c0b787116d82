"""A study's answer: its table, figure and README, made from result.json files alone."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false

import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fieldlab.build import locate
from fieldlab.errors import InputError
from fieldlab.report.figure import save_figure
from fieldlab.report.page import save_page
from fieldlab.report.paired import best_settings, by_world, judge_of
from fieldlab.report.summary import latex, markdown, nothing_held_out, short, shown, summary_table
from fieldlab.report.table import TASK, fits_table, read_fits, scores_of_fits, scoring_of_fits
from fieldlab.results import Plan, Result, result_or_none
from fieldlab.runs.scoring import Score

PAGE = "report.html"


def report(folder: Path, to: Path | None = None, *, photos: bool = True) -> str:
    """Write report.html, table.csv, table.md, table.tex, summary.csv and figure.png into a study's folder; return the Markdown table.

    `to` receives README.md, table.csv and figure.png besides: the committed answer. Without `photos` the figure
    shows error maps and curves alone.

    Raises:
        InputError: no fits in the folder.
    """
    plan, results = read_fits(folder)
    fits = fits_table(plan, results)
    summary = summary_table(fits, results)
    fits.drop(columns=TASK).to_csv(folder / "table.csv", index=False)
    summary.to_csv(folder / "summary.csv", index=False)
    (folder / "table.md").write_text(markdown(summary) + "\n")
    (folder / "table.tex").write_text(latex(summary))
    draw = locate(plan.figure, "figure") if plan else figure_of(results)
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph"
        )  # a signal's name in an alphabet that matplotlib's font lacks
        caption = draw(folder / "figure.png", folder, results, photos=photos)
    told = {"summary": summary, "overall": over_all(fits), "answer": answer(fits), "machine": machine(results)}
    save_page(folder / PAGE, folder, plan, results, fits, told, photos=photos)
    if to is not None:
        name = folder.name
        command = f"fieldlab-report runs/{name} --to experiments/{name}{'' if photos else ' --without-photos'}"
        try:
            commit_answer(folder, to, readme(command, plan, results, fits, caption))
        except OSError as error:
            raise InputError(f"--to {to}: cannot be written ({error.strerror})") from error
    return markdown(summary)


def figure_of(results: Mapping[str, Result]) -> Callable[..., str | None]:
    """What draws the figure of fits that were made one by one: as the first of them says."""
    named = next((result.config.get("figure") for result in results.values()), None)
    return locate(str(named), "figure") if named else save_figure


def commit_answer(folder: Path, to: Path, text: str) -> None:
    """The part of a report that a repository keeps."""
    to.mkdir(parents=True, exist_ok=True)
    for name in ("table.csv", "figure.png", "film.gif"):
        if (folder / name).exists() and not to.samefile(folder):
            shutil.copyfile(folder / name, to / name)
    (to / "README.md").write_text(text)


def conclude_studies(folders: Sequence[Path]) -> bool:
    """End a sweep: print the table of each study it touched, list which of its fits failed; whether none did."""
    for study in dict.fromkeys(folder.parent for folder in folders):
        print(f"\n{report(study)}\n\n{study}/: report.html, table.csv, table.md, table.tex, figure.png")
    ends = {folder: result_or_none(folder) for folder in dict.fromkeys(folders)}
    bad = {folder: result for folder, result in ends.items() if result is None or result.status != "finished"}
    for folder, result in bad.items():
        print(f"{result.status if result else 'failed'}: {folder} ({why(result)})")
    return not bad


def why(result: Result | None) -> str:
    if result is None:
        return "its result could not be written"
    return result.error or f"not finite at step {result.diverged_at}"


def readme(
    command: str, plan: Plan | None, results: Mapping[str, Result], fits: pd.DataFrame, caption: str | None
) -> str:
    """Question, commands, machine and answer of a study, in Markdown."""
    parts = [f"# {fits.study.iloc[0]}"]
    if plan and plan.question:
        parts.append(plan.question)
    said = [*over_all(fits), *answer(fits)]
    notes = [plan.notes] if plan and plan.notes else []
    parts += ["## Answer", "\n\n".join(said or notes), markdown(summary_table(fits, results))]
    parts.append(f"{scoring_of_fits(fits).note} One row a fit: [table.csv](table.csv).")
    if caption:
        parts.append(f"![figure](figure.png)\n\n{caption}")
    if notes and said:
        parts += ["## Notes", *notes]
    if plan:
        parts += ["## Commands", "```bash\n" + "\n".join([*plan.commands, command]) + "\n```"]
    parts += ["## Machine", "\n".join(f"- {line}" for line in machine(results))]
    return "\n\n".join(parts) + "\n"


def answer(fits: pd.DataFrame) -> list[str]:
    """The ranking on test samples, a sentence for each signal; each field at its best setting."""
    if not scoring_of_fits(fits).ranked:  # what a study makes of them is in its notes
        return []
    fits = by_world(fits)
    finished = fits[fits.status == "finished"]
    settings = ["field", *fits.attrs["swept"]]
    lines = []
    for signal, rows in finished.groupby("signal", sort=False):
        scoring, known = scoring_of_fits(rows), scores_of_fits(rows)
        headline = scoring.headline
        judge, judged = judge_of(rows)
        scored = rows.groupby(settings, dropna=False)[list({judge, headline})]
        means = scored.agg(
            lambda scores: scores.mean(skipna=False)
        ).reset_index()  # no mean of those that have a surface
        quality = (means[judge] * known[judge].sign).fillna(-np.inf)
        best = means.loc[quality.groupby(means.field).idxmax()].set_index("field", drop=False)
        if len(best) == 1 and len(settings) == 1:
            scores = scoring.describe({key: rows[key].mean() for key in rows if key in known})
            lines.append(f"Mean {scoring.noun} of {best.field.iloc[0]} on {signal}: {scores}.")
        if len(best) > 1:
            where = f", each field at its best setting by {judged}" if len(settings) > 1 else ""
            lines.append(f"Mean {called(rows)} on {signal}{where}: {ranking(best[headline], known[headline])}.")
        if len(settings) > 1:
            ranked = best.sort_values(headline, ascending=known[headline].lower)
            lines += [
                f"- {describe(row, settings, known[judge], row[judge], scoring.unit)}"
                for row in ranked.to_dict("records")
            ]
    return lines


def called(fits: pd.DataFrame) -> str:
    """What the score is that decides: `test PSNR in dB`."""
    if nothing_held_out(fits):
        return "PSNR in dB over all samples"
    scoring = scoring_of_fits(fits)
    score = scoring.scores[scoring.headline]
    return score.label + score.unit


def ranking(scores: pd.Series, score: Score) -> str:
    """`siren (25.05) > relu (18.43)`, the best first."""
    ranked = scores.dropna().sort_values(ascending=score.lower)
    return (" < " if score.lower else " > ").join(
        f"{field} ({score.format(value)})" for field, value in ranked.items()
    )


def over_all(fits: pd.DataFrame) -> list[str]:
    """The ranking over the signals, at least two, that every field has finished with its best setting."""
    best = best_settings(fits)
    scoring = scoring_of_fits(fits)
    headline = scoring.headline
    scored = best.groupby(["field", "signal"])[headline]
    means = scored.agg(lambda scores: scores.mean(skipna=False)).unstack("signal")
    if set(best.field) != set(fits.field) or len(means) < 2 or not scoring.ranked:
        return []
    shared = means.dropna(axis=1)
    if shared.shape[1] < 2:
        return []
    every = "all" if shared.shape[1] == by_world(fits).signal.nunique() else "the"
    where = f", each field with one setting for all, the best by {judge_of(fits)[1]}" if fits.attrs["swept"] else ""
    means = ranking(shared.mean(axis=1), scoring.scores[headline])
    return [f"Mean {called(fits)} over {every} {shared.shape[1]} signals{where}: {means}."]


def describe(row: dict, settings: list[str], judge: Score, value: float, unit: str) -> str:
    """`siren: lr 0.0003, first_omega_0 30 (27.00 dB)`."""
    chosen = ", ".join(f"{short(key)} {shown(row[key])}" for key in settings[1:] if shown(row[key]) != "–")
    score = f"({judge.format(value)}{unit})"
    return f"{row['field']}: {chosen} {score}" if chosen else f"{row['field']} {score}"


def machine(results: Mapping[str, Result]) -> list[str]:
    """The devices and versions that the fits state."""
    devices = sorted({r.device for r in results.values() if r.device})
    versions = sorted({", ".join(f"{k} {v}" for k, v in r.versions.items()) for r in results.values()})
    return [*devices, *versions]
