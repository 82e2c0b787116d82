"""The figure of `experiment=contenders`: which field wins on which photo, by how much, and how far it is from interpolation."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from fieldlab.report.figure import COLOURS
from fieldlab.report.paired import interval, measure_quality
from fieldlab.report.table import fits_table, scoring_of_fits
from fieldlab.runs.result import Result, read_plan
from fieldlab.tasks.fit.scoring import BICUBIC

WIDEST = 5.0  # dB of the scale of colours: more is as dark
HELD_OUT = (
    "Left: test PSNR of each field on each photo in dB, mean over seeds; colours say by how much it is above (blue) or below (red) cubic interpolation from the same"
    " training pixels, and the best field of a photo is framed. Right: the difference to cubic interpolation over photos, mean and 95 % bootstrap interval."
)
MEMORISED = (
    "Left: PSNR of each field over all pixels of each photo in dB, mean over seeds; colours say by how much it is above (blue) or below (red) {}, and the best field"
    " of a photo is framed. Right: the difference to {} over photos, mean and 95 % bootstrap interval."
)


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw scores by field and photo, and differences over photos, to interpolation or else to the first field. Returns the caption."""
    fits = fits_table(read_plan(folder), results)
    quality = measure_quality(fits)
    if quality.empty or quality.isna().all(axis=None):
        return None
    quality = quality.loc[quality.mean(axis=1).sort_values(ascending=False).index]
    reference, name = find_reference(fits, results, quality)
    gains = quality - reference
    figure = Figure(figsize=(3.2 + 0.95 * (quality.shape[1] + 4), 1.4 + 0.34 * len(quality)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[quality.shape[1], 4], sharey=True)
    draw_scores(left, quality, gains)
    draw_differences(right, gains, name)
    figure.savefig(file, dpi=110)
    return HELD_OUT if name == BICUBIC else MEMORISED.format(name, name)


def find_reference(fits: pd.DataFrame, results: Mapping[str, Result], quality: pd.DataFrame) -> tuple[pd.Series, str]:
    """The score on each signal that others are held to, and whose it is."""
    headline = scoring_of_fits(fits).headline
    cubic = {result.signal: result.yardsticks.get(BICUBIC, {}).get(headline) for result in results.values()}
    known = pd.Series(cubic, dtype=float).reindex(quality.columns)
    if known.notna().all():
        return known, BICUBIC
    first = str(fits.field.iloc[0])
    return quality.loc[first], first


def draw_scores(axes: Axes, quality: pd.DataFrame, gains: pd.DataFrame) -> None:
    """Draw a cell for each field and signal."""
    norm = TwoSlopeNorm(0.0, -WIDEST, WIDEST)
    axes.imshow(gains.to_numpy(), cmap="RdBu", norm=norm, aspect="auto", alpha=0.85)
    best = quality.idxmax()
    for row, (field, scores) in enumerate(quality.iterrows()):
        for column, (signal, score) in enumerate(scores.items()):
            if np.isnan(score):
                continue
            dark = abs(gains.loc[field, signal]) > 0.7 * WIDEST
            axes.text(column, row, f"{score:.1f}", ha="center", va="center", fontsize=8, color="w" if dark else "0.1")
            if best[signal] == field:
                axes.add_patch(
                    mpl.patches.Rectangle(
                        (column - 0.47, row - 0.45), 0.94, 0.9, fill=False, edgecolor="0.1", linewidth=1.4
                    )
                )
    axes.set_xticks(
        range(quality.shape[1]),
        [shorten(str(signal)) for signal in quality.columns],
        rotation=30,
        ha="right",
        fontsize=8,
    )
    axes.set_yticks(range(len(quality)), quality.index, fontsize=8)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def shorten(name: str, most: int = 16) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def draw_differences(axes: Axes, gains: pd.DataFrame, name: str) -> None:
    """Draw the mean over signals of each field's difference, and its interval."""
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
