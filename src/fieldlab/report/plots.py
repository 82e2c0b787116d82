"""The plots of a report's page, each as a picture that scales."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

import base64
import io
import warnings
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fieldlab.report.figure import Shades, cut, scale_by_decades
from fieldlab.report.knobs import draw_knob, knobs_of
from fieldlab.report.settings import shorten
from fieldlab.report.table import scores_of_fits, scoring_of_fits
from fieldlab.runs.result import Result, scoring_of

STYLE = {
    "text.parse_math": False, "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "legend.frameon": False, "legend.fontsize": 8,
}  # fmt: skip
MOST_SIGNALS = 200
MOST_LETTERS = 90  # of signals' names side by side
FEW_FIELDS = 12  # of which a legend has room beside their curves
COLUMNS = 7  # of a legend below them


def data_uri(figure: Figure) -> str:
    """The figure as SVG, to be the source of an HTML image."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the browser has letters that matplotlib's font lacks
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


@mpl.rc_context(STYLE)
def curves(best: pd.DataFrame, results: Mapping[str, Result], shades: Shades) -> str | None:
    """The scores of one signal's runs against steps and against seconds, a row for each score that the task chooses."""
    scoring = None if best.empty else scoring_of(results[best.index[0]])
    if scoring is None or not scoring.panels:
        return None
    panels = [p for p in scoring.panels if any(p in results[name].scores for name in best.index)] or scoring.panels[
        :1
    ]
    figure = Figure(figsize=(9, 2.5 * len(panels)), layout="constrained")
    grid = figure.subplots(len(panels), 2, sharex="col", sharey="row", squeeze=False)
    for row, score in enumerate(panels):
        for field, group in best.groupby("field", sort=False):
            draw_curve(grid[row], [results[name] for name in group.index], score, str(field), shades[str(field)])
        grid[row, 0].set_ylabel(scoring.scores[score].axis)
        lines = (scoring.find_lines(results[name].yardsticks, score) for name in best.index)
        for name, value in next(filter(None, lines), {}).items():
            for axes in grid[row]:
                axes.axhline(value, color="0.4", linestyle=":", linewidth=1, label=name)
        if scoring.logarithmic and not scoring.scores[score].is_logarithmic:
            scale_by_decades(grid[row, 0])
    grid[-1, 0].set_xlabel("step")
    grid[-1, 1].set_xlabel("seconds of optimisation")
    if len(shades) <= FEW_FIELDS:
        grid[0, 0].legend()
    else:
        figure.set_figheight(figure.get_figheight() + 0.16 * (len(shades) // COLUMNS + 1))
        entries = grid[0, 0].get_legend_handles_labels()
        figure.legend(*entries, loc="outside lower center", ncols=COLUMNS, fontsize=7)
    return data_uri(figure)


def draw_curve(axes: np.ndarray, fits: Sequence[Result], score: str, label: str, colour: tuple) -> None:
    """Draw the mean and range over seeds, against steps and against the mean of seconds."""
    length = min(len(fit.curve) for fit in fits)
    points = [[(p["step"], p["seconds"], p.get(score)) for p in fit.curve[:length]] for fit in fits]
    steps, seconds, scores = np.array(points, dtype=float).reshape(len(fits), length, 3).transpose(2, 0, 1)
    for one, x in zip(axes, (steps.mean(0), seconds.mean(0)), strict=True):
        one.plot(x, scores.mean(0), color=colour, label=label, linewidth=1.4, marker="." if length == 1 else None)
        one.fill_between(x, scores.min(0), scores.max(0), color=colour, alpha=0.2, linewidth=0)


@mpl.rc_context(STYLE)
def by_signal(best: pd.DataFrame, results: Mapping[str, Result], shades: Shades) -> str | None:
    """The headline score of every field on every signal: mean over seeds, and a bar for their range; the hardest signal first."""
    if best.empty:
        return None
    headline = scoring_of_fits(best).headline
    score = scores_of_fits(best)[headline]
    means = best.groupby("signal")[headline].mean()
    order = means.sort_values(ascending=not score.lower).index[:MOST_SIGNALS]
    place = {signal: i for i, signal in enumerate(order)}
    upright = len(order) <= 8 and max(map(len, order)) * len(order) <= MOST_LETTERS
    height = 3.6 if upright else 3.2 + 0.06 * max(len(cut(name)) for name in order)
    figure = Figure(figsize=(max(4.5, min(24, 1.5 + 0.42 * len(order) * 1.6)), height), layout="constrained")
    axes = figure.add_subplot()
    fields = list(best.field.unique())
    for i, field in enumerate(fields):
        scores = best[best.field == field].groupby("signal")[headline].agg(["mean", "min", "max"])
        scores = scores.loc[[signal for signal in order if signal in scores.index]]
        x = np.array([place[signal] for signal in scores.index]) + (i - (len(fields) - 1) / 2) * 0.6 / len(fields)
        spans = [scores["mean"] - scores["min"], scores["max"] - scores["mean"]]
        axes.errorbar(x, scores["mean"], spans, fmt="o", color=shades[field], markersize=4, linewidth=1, label=field)
    for name, values in lines_by_signal(best, results, headline).items():
        x, y = zip(*((place[signal], value) for signal, value in values.items() if signal in place), strict=True)
        axes.scatter(x, y, marker="_", s=420, color="0.35", linewidth=1, label=name, zorder=0)
    axes.set_xticks(
        range(len(order)), map(cut, order), rotation=0 if upright else 60, ha="center" if upright else "right"
    )
    axes.set_ylabel(score.axis)
    columns = 1 + len(fields) // FEW_FIELDS
    figure.set_figwidth(figure.get_figwidth() + 1.1 * (columns - 1))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), ncols=columns)
    return data_uri(figure)


def lines_by_signal(best: pd.DataFrame, results: Mapping[str, Result], score: str) -> dict[str, dict[str, float]]:
    """The scores of yardsticks that plots mark, by yardstick and signal."""
    found: dict[str, dict[str, float]] = {}
    for run, signal in best.signal.items():
        for name, value in scoring_of(results[run]).find_lines(results[run].yardsticks, score).items():
            found.setdefault(name, {})[signal] = value
    return found


@mpl.rc_context(STYLE)
def knobs(fits: pd.DataFrame, shades: Shades) -> list[tuple[str, str]]:
    """For each number that was swept its name, and scores against it; the legend has what is solid."""
    parts = list(scoring_of_fits(fits).knobs)
    solid = f", {parts[-1]}" if len(parts) > 1 else ""
    found = []
    for knob in knobs_of(fits):
        figure = Figure(figsize=(4.6, 3.2), layout="constrained")
        axes = figure.add_subplot()
        draw_knob(axes, fits, knob, shades)
        axes.set_ylabel(scoring_of_fits(fits).axis)
        entries = zip(*axes.get_legend_handles_labels(), strict=True)
        legend = [(handle, label.removesuffix(solid)) for handle, label in entries if label.endswith(solid)]
        figure.legend(*zip(*legend, strict=True), loc="outside lower center", ncols=min(4, len(legend)))
        found.append((shorten(knob), data_uri(figure)))
    return found
