"""The page of a study: one HTML file that needs nothing else."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment
from markdown_it import MarkdownIt
from markupsafe import Markup

from fieldlab.atomic import write_atomically
from fieldlab.report import gallery, plots
from fieldlab.report.figure import colours
from fieldlab.report.paired import best_settings, judge_of, pairs
from fieldlab.report.table import scores_of_fits, tasks_of
from fieldlab.results import Plan, Result
from fieldlab.runs.scoring import Score

MOST_SIGNALS = 6  # whose curves are drawn
TEXTS = ("signal", "field", "against")  # columns of words


def save_page(
    file: Path,
    folder: Path,
    plan: Plan | None,
    results: Mapping[str, Result],
    fits: pd.DataFrame,
    told: Mapping[str, Any],
    *,
    photos: bool,
) -> None:
    """Write the page. `told` is what the study's README says too: answer, summary and machine."""
    here = files("fieldlab.report")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        (here / "page.html").read_text()
    )
    best = best_settings(fits)
    task = tasks_of(fits)[0]
    exhibit, scoring = task.exhibit(), task.scoring
    shades = colours(list(dict.fromkeys(fits.field)))
    signals = list(dict.fromkeys(best.signal))
    walls = gallery.gallery(folder, best, results, photos=photos)
    page = template.render(
        style=(here / "page.css").read_text(),
        script=(here / "page.js").read_text(),
        name=fits.study.iloc[0],
        plan=plan,
        html=html,
        counts=fits.status.value_counts().to_dict(),
        header=list(told["summary"].columns),
        texts=TEXTS,
        rows=rows(told["summary"], scores_of_fits(fits).values()),
        overall=told["overall"],
        answer=told["answer"],
        machine=told["machine"],
        curves=[(s, plots.curves(best[best.signal == s], results, shades)) for s in signals[:MOST_SIGNALS]],
        signals=len(signals),
        by_signal=plots.by_signal(best, results, shades),
        knobs=plots.knobs(fits, shades),
        pairs=pairs(fits),
        walls=walls,
        sights=exhibit.words.format(judged=judge_of(fits)[1]),
        spectra=any(column.spectrum for wall in walls for column in wall.columns),
        swept=bool(fits.attrs["swept"]),
        note=scoring.note,
        against=scoring.against,
        judged=judge_of(fits)[1],
        headline=scoring.scores[scoring.headline].label,
        error=(exhibit.error, exhibit.limit),
        troubles=troubles(fits, results),
    )
    write_atomically(file, page)


def html(text: str) -> Markup:
    """Markdown of a study's as HTML; links to files, which lie beside its committed answer and not beside the page, as their text."""
    reader = MarkdownIt("commonmark", {"html": False})
    tokens = reader.parse(text)
    for token in [inner for outer in tokens for inner in outer.children or () if inner.type == "link_open"]:
        if not str(token.attrGet("href")).startswith("http"):
            token.attrs.clear()
    return Markup(reader.renderer.render(tokens, reader.options, {}))


def rows(summary: pd.DataFrame, scores: Iterable[Score]) -> list[list[tuple[str, bool]]]:
    """The summary's cells, and whether each is the best score of its signal."""
    best: set[tuple[Any, str]] = set()
    scores = list(scores)
    groups = summary.groupby("signal", sort=False).groups.values() if "signal" in summary else [summary.index]
    for index in groups:
        for score in scores:
            if (
                score.judged
                and score.label in summary
                and (found := leading_numbers(summary.loc[index, score.label]))
            ):
                top = max(found.values(), key=lambda value: score.sign * value)
                best |= {(row, score.label) for row, value in found.items() if value == top}
    columns = list(summary.columns)
    return [[(str(summary.at[row, column]), (row, column) in best) for column in columns] for row in summary.index]


def leading_numbers(cells: pd.Series) -> dict[Any, float]:
    """The number that each cell begins with, where it does."""
    found = {row: re.match(r"-?[\d.]+(?:e-?\d+)?", str(cell)) for row, cell in cells.items()}
    return {row: float(match[0]) for row, match in found.items() if match}


def troubles(fits: pd.DataFrame, results: Mapping[str, Result]) -> Sequence[tuple[str, str, str]]:
    """Status, folder and reason of every fit that did not finish."""
    bad = fits[fits.status != "finished"]
    return [(status, name, reason(results.get(name))) for name, status in bad.status.items()]


def reason(result: Result | None) -> str:
    if result is None:
        return "no result"
    return result.error or f"not finite at step {result.diverged_at}"
