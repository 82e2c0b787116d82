"""The figure of `experiment=contenders_tuning`: which field wins on which signal, by how much, and how far it is from methods without a network."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

from collections.abc import Collection, Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fieldlab.report.answer import name_headline
from fieldlab.report.choice import name_subjects
from fieldlab.report.figure import COLOURS
from fieldlab.report.paired import interval, measure_quality
from fieldlab.report.table import fits_table, scoring_of_fits
from fieldlab.runs.result import Result, read_plan

WIDEST = 5.0  # dB of the scale of colours: more is as dark
LONGEST = 16  # letters of a signal's name
CAPTION = (
    "Left: {} of each field on each signal, mean over seeds, and of methods without a network (in italics); colours say by how much it is above (blue) or below (red)"
    " {}, and the best field of a signal is framed. Right: the difference to {} over signals, mean and 95 % bootstrap interval."
)


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw scores by field and signal, and differences over signals, to the best method without a network or else to the first field.

    Returns the caption; nothing is drawn where no field has finished.
    """
    fits = fits_table(read_plan(folder), results)
    quality = measure_quality(fits)
    if quality.empty or quality.isna().all(axis=None):
        return None
    classical = measure_yardsticks(fits, results, list(quality.columns))
    rows = pd.concat([quality, classical])
    rows = rows.loc[rows.mean(axis=1).sort_values(ascending=False).index]
    name = str(fits.field.iloc[0]) if classical.empty else str(classical.mean(axis=1).idxmax())
    gains = rows - rows.loc[name]
    figure = Figure(figsize=(3.2 + 0.95 * (rows.shape[1] + 4), 1.4 + 0.34 * len(rows)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[rows.shape[1], 4], sharey=True)
    draw_scores(left, rows, gains, quality.idxmax())
    draw_differences(right, gains, name)
    for label in left.get_yticklabels():
        label.set_fontstyle("italic" if label.get_text() in classical.index else "normal")
    figure.savefig(file, dpi=110)
    return CAPTION.format(name_headline(fits), name, name)


def measure_yardsticks(fits: pd.DataFrame, results: Mapping[str, Result], signals: Collection[str]) -> pd.DataFrame:
    """The headline score of what is known on every signal without a network, by its name and signal."""
    headline, subjects = scoring_of_fits(fits).headline, name_subjects(fits).signal
    known = {
        (name, subjects[run]): scores.get(headline)
        for run, result in results.items()
        for name, scores in result.yardsticks.items()
    }
    names = list(dict.fromkeys(name for name, _ in known))
    rows = [[known.get((name, signal)) for signal in signals] for name in names]
    return pd.DataFrame(rows, index=names, columns=list(signals), dtype=float).dropna()


def draw_scores(axes: Axes, scores: pd.DataFrame, gains: pd.DataFrame, best: pd.Series) -> None:
    """Draw a cell for each row and signal; `best` is the best field of each signal."""
    axes.imshow(
        gains.to_numpy(dtype=float), cmap="RdBu", norm=TwoSlopeNorm(0.0, -WIDEST, WIDEST), aspect="auto", alpha=0.85
    )
    for (row, column), score in np.ndenumerate(scores.to_numpy(dtype=float)):
        if np.isnan(score):
            continue
        tone = "w" if abs(gains.iloc[row, column]) > 0.7 * WIDEST else "0.1"
        axes.text(column, row, f"{score:.1f}", ha="center", va="center", fontsize=8, color=tone)
        if best[scores.columns[column]] == scores.index[row]:
            frame = Rectangle((column - 0.47, row - 0.45), 0.94, 0.9, fill=False, edgecolor="0.1", linewidth=1.4)
            axes.add_patch(frame)
    names = [shorten(str(signal)) for signal in scores.columns]
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize=8)
    axes.set_yticks(range(len(scores)), scores.index, fontsize=8)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def shorten(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def draw_differences(axes: Axes, gains: pd.DataFrame, name: str) -> None:
    """Draw the mean over signals of each row's difference, and its interval."""
    axes.axvline(0, color="0.35", linewidth=1)
    for row, (_, gain) in enumerate(gains.iterrows()):
        known = gain.dropna().to_numpy(dtype=float)
        low, high = interval(known) if len(known) > 1 else (known[0], known[0])
        axes.plot([low, high], [row, row], color=COLOURS[0], linewidth=2)
        axes.plot(known.mean(), row, "o", color=COLOURS[0], markersize=5)
    axes.set_xlabel(f"dB above {name}", fontsize=8)
    axes.tick_params(labelsize=8, left=False)
    axes.grid(alpha=0.25, axis="x")
    axes.spines[["top", "right", "left"]].set_visible(False)
