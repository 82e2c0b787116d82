"""The figure of visualisations: how activations rose, what an independent network recognises, and the images themselves."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldlab.report.figure import COLOURS
from fieldlab.report.settings import format_setting
from fieldlab.report.table import fits_table
from fieldlab.runs.result import Result, read_plan
from fieldlab.signals.pictures import picture
from fieldlab.tasks.visualize.scoring import REAL_PATCHES, VISUALIZE

MOST_ROWS, MOST_IMAGES, MOST_SIGNALS = 12, 20, 4
SIDE = 0.62  # inches of an image
MOST_LETTERS = 14  # of a name above it
BARS = ("activation", "robust_activation", "recognised")
CAPTION = (
    "Above: robust activation (relative to the best real patch, under held-out transforms) against steps, mean and range over"
    " seeds; and scores in the end, with those of the best real patches as dotted lines. Below: the images of each canvas,"
    " its first seed, in the order of what they are for."
)


@dataclass(frozen=True)
class Row:
    """The fits of one canvas with one setting, by seed."""

    label: str
    fits: list[tuple[Path, Result]]

    def scores(self, name: str) -> np.ndarray:
        return np.array([r.scores.get(name) for _, r in self.fits], dtype=float)


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw for each model and objective (at most four) curves and bars, and below them a strip of images for each setting.

    Returns the caption, None where there is nothing to draw yet.
    """
    signals = rows_by_signal(folder, {n: r for n, r in results.items() if r.status == "finished"})
    if not signals:
        return None
    parts = list(signals.items())[:MOST_SIGNALS]
    strips = {signal: [strip(row.fits[0][0]) for row in rows] for signal, rows in parts}
    heights = [2.6 + len(rows) * (SIDE + 0.1) for _, rows in parts]
    most = max(s.shape[1] / s.shape[0] for of in strips.values() for s in of)
    figure = Figure(figsize=(max(9, 2.2 + SIDE * most), sum(heights)), layout="constrained")
    subfigures = np.atleast_1d(figure.subfigures(len(parts), 1, height_ratios=heights))
    for subfigure, (signal, rows) in zip(subfigures, parts, strict=True):
        subfigure.suptitle(signal, fontsize=10)
        above, below = subfigure.subfigures(2, 1, height_ratios=[2.6, len(rows) * (SIDE + 0.1)])
        curves, bars = above.subplots(1, 2)
        draw_curves(curves, rows)
        draw_bars(bars, rows)
        strips_of = zip(below.subplots(len(rows), 1, squeeze=False)[:, 0], rows, strips[signal], strict=True)
        for i, (axes, row, images) in enumerate(strips_of):
            axes.imshow(images, interpolation="antialiased")
            axes.set_ylabel(row.label, rotation=0, ha="right", va="center", fontsize=7)
            axes.set(xticks=[], yticks=[], anchor="W")
            axes.spines[:].set_visible(False)
            if i == 0:
                name_columns(axes, row.fits[0][0], images.shape)
    figure.savefig(file, dpi=100)
    return CAPTION


def rows_by_signal(folder: Path, results: Mapping[str, Result]) -> dict[str, list[Row]]:
    """The settings of each signal, in the order of the study."""
    if not results:
        return {}
    table = fits_table(read_plan(folder), results)
    table = table[table.index.isin(results)]
    signals: dict[str, list[Row]] = {}
    for keys, group in table.groupby(["signal", "field", *table.attrs["swept"]], sort=False, dropna=False):
        signal, *names = keys
        label = ", ".join(text for text in map(format_setting, names) if text not in ("–", "none"))
        fits = sorted(((folder / str(name), results[str(name)]) for name in group.index), key=lambda fit: fit[1].seed)
        signals.setdefault(signal, []).append(Row(label, fits))
    return {signal: rows[:MOST_ROWS] for signal, rows in signals.items()}


def name_columns(axes: Axes, folder: Path, shape: tuple[int, ...]) -> None:
    """Write above a strip what its images are for."""
    table = pd.read_csv(folder / "images.csv").head(MOST_IMAGES)
    names = [str(name)[:MOST_LETTERS] for name in np.where(table.label.isna(), table.objective, table.label)]
    width = shape[1] / len(names)
    axes.xaxis.tick_top()
    axes.set_xticks([(j + 0.5) * width for j in range(len(names))], names, fontsize=5.5)
    axes.tick_params(length=0, pad=1)


def strip(folder: Path) -> UInt8[np.ndarray, "h w 3"]:
    """A fit's images side by side."""
    images = np.load(folder / "images.npy")[:MOST_IMAGES]
    gap = max(1, images.shape[2] // 24)
    pixels = [picture(np.moveaxis(image, 0, -1).clip(0, 1)) for image in images]
    return np.concatenate([np.pad(p, [(0, 0), (0, gap), (0, 0)], constant_values=255) for p in pixels], axis=1)


def draw_curves(axes: Axes, rows: list[Row]) -> None:
    for i, row in enumerate(rows):
        curves = [r.curve for _, r in row.fits]
        steps = [point["step"] for point in min(curves, key=len)]
        values = np.array([[p.get("robust_activation") for p in c[: len(steps)]] for c in curves], dtype=float)
        if np.isnan(values).all():
            continue
        axes.plot(steps, values.mean(0), label=row.label, linewidth=1.2, color=COLOURS[i % 10], linestyle=dash(i))
        axes.fill_between(steps, values.min(0), values.max(0), alpha=0.15, linewidth=0, color=COLOURS[i % 10])
    axes.axhline(1, color="0.4", linestyle=":", linewidth=1)
    axes.set_xlabel("step", fontsize=7)
    axes.set_ylabel("robust activation", fontsize=7)
    tidy(axes)


def dash(i: int) -> str:
    return "-" if i < len(COLOURS) else "--"


def draw_bars(axes: Axes, rows: list[Row]) -> None:
    """Draw a group of bars for every score, a bar for every setting."""
    known = [name for name in BARS if not all(np.isnan(row.scores(name)).all() for row in rows)]
    width = 0.8 / len(rows)
    for i, row in enumerate(rows):
        values = np.array([row.scores(name) for name in known])
        if not len(known):
            continue
        means = values.mean(1)
        spread = np.abs(np.stack([values.min(1), values.max(1)]) - means)
        at = np.arange(len(known)) + (i - (len(rows) - 1) / 2) * width
        axes.bar(at, means, width, yerr=spread, label=row.label, color=COLOURS[i % 10], error_kw={"lw": 0.8},
                 hatch=None if i < len(COLOURS) else "//")  # fmt: skip
    for j, name in enumerate(known):
        real = rows[0].fits[0][1].yardsticks.get(REAL_PATCHES, {}).get(name)
        if real is not None:
            axes.hlines(real, j - 0.45, j + 0.45, color="0.2", linestyle=":", linewidth=1)
    axes.set_xticks(range(len(known)), [VISUALIZE.scores[name].label for name in known], fontsize=7)
    axes.legend(fontsize=5.5, frameon=False, ncols=2)
    tidy(axes)


def tidy(axes: Axes) -> None:
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3, axis="y")
    axes.spines[["top", "right"]].set_visible(False)
