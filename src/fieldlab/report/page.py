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
from fieldlab.report import plots
from fieldlab.report.answer import rank_by_signal, rank_over_signals
from fieldlab.report.choice import best_settings, judge_of
from fieldlab.report.figure import colours
from fieldlab.report.gallery import collect_pictures
from fieldlab.report.paired import pairs
from fieldlab.report.ranks import compare_to_first, rank_fields
from fieldlab.report.results import explain, list_machines
from fieldlab.report.table import scores_of_fits, tasks_of
from fieldlab.runs.result import Plan, Result
from fieldlab.runs.scoring import Score

MOST_SIGNALS = 6  # whose curves are drawn
TEXTS = ("signal", "field", "against")  # columns of words


def save_page(
    file: Path,
    folder: Path,
    plan: Plan | None,
    results: Mapping[str, Result],
    fits: pd.DataFrame,
    summary: pd.DataFrame,
    *,
    progress: str | None,
    photos: bool,
) -> None:
    """Write the page of a study: all that its tables and figure say, and more to look at."""
    here = files("fieldlab.report")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        (here / "page.html").read_text()
    )
    task = tasks_of(fits)[0]
    page = template.render(
        style=(here / "page.css").read_text(),
        script=(here / "page.js").read_text(),
        name=fits.study.iloc[0],
        plan=plan,
        html=html,
        texts=TEXTS,
        progress=progress,
        counts=fits.status.value_counts().to_dict(),
        header=list(summary.columns),
        rows=rows(summary, scores_of_fits(fits).values()),
        overall=rank_over_signals(fits),
        answer=rank_by_signal(fits),
        machine=list_machines(results),
        unfinished=list_unfinished(fits, results),
        exhibit=task.exhibit(),
        scoring=task.scoring,
        headline=task.scoring.scores[task.scoring.headline],
        swept=bool(fits.attrs["swept"]),
        judged=judge_of(fits)[1],
        pairs=pairs(fits),
        ranks=rank_fields(fits),
        differences=compare_to_first(fits),
        reference=fits.field.iloc[0],
        **draw_all(folder, fits, results, photos=photos),
    )
    write_atomically(file, page)


def draw_all(folder: Path, fits: pd.DataFrame, results: Mapping[str, Result], *, photos: bool) -> dict[str, Any]:
    """The plots and pictures of a page, each field at its best setting."""
    best, shades = best_settings(fits), colours(list(dict.fromkeys(fits.field)))
    signals = list(dict.fromkeys(best.signal))
    gallery = collect_pictures(folder, best, results, photos=photos)
    return {
        "signals": len(signals),
        "curves": [
            (signal, picture)
            for signal in signals[:MOST_SIGNALS]
            if (picture := plots.curves(best[best.signal == signal], results, shades))
        ],
        "by_signal": plots.by_signal(best, results, shades),
        "knobs": plots.knobs(fits, shades),
        "gallery": gallery,
        "spectra": any(column.spectrum for pictures in gallery for column in pictures.columns),
        "learning": any(column.learning for pictures in gallery for column in pictures.columns),
    }


def html(text: str) -> Markup:
    """The HTML of a study's Markdown; links to files, which lie beside its committed answer and not beside the page, are their text."""
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


def list_unfinished(fits: pd.DataFrame, results: Mapping[str, Result]) -> Sequence[tuple[str, str, str]]:
    """Status, folder and reason of every run that did not finish."""
    bad = fits[fits.status != "finished"]
    return [(status, name, explain(results.get(name), missing="no result")) for name, status in bad.status.items()]
