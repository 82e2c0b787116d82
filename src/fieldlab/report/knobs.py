"""A figure with a panel for each setting that a study swept: what happens when only that one changes."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldlab.report.figure import COLOURS, bicubic_score
from fieldlab.report.summary import is_number, short
from fieldlab.report.table import fits_table
from fieldlab.results import Result

COLUMNS = 3

CAPTION = (
    "PSNR against one setting, the others as marked by the grey bars: mean, and shaded the range over seeds, on the"
    " training pixels (dashed) and on the test pixels (solid); dotted: bicubic interpolation, on the test pixels."
)


def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Train and test PSNR against every swept number, one panel each; nothing where no number was swept."""
    table = fits_table(None, results)
    table = table.loc[table.status == "finished"]
    swept: list[str] = table.attrs["swept"]
    usual = {key: table[key].mode().iloc[0] for key in swept if table[key].notna().any()}
    knobs = [key for key in usual if table[key].dropna().map(is_number).all()]
    if not knobs:
        return None
    rows = -(-len(knobs) // COLUMNS)
    figure = Figure(figsize=(3.6 * min(len(knobs), COLUMNS), 2.9 * rows), layout="constrained")
    panels = figure.subplots(rows, min(len(knobs), COLUMNS), squeeze=False, sharey=True)
    for axes in panels.flat[len(knobs) :]:
        axes.set_axis_off()
    for axes, knob in zip(panels.flat, knobs, strict=False):
        others = [table[key] == value for key, value in usual.items() if key != knob]
        draw_knob(axes, table.loc[pd.concat(others, axis=1).all(axis=1)] if others else table, knob)
        axes.axvline(usual[knob], color="0.5", linewidth=6, alpha=0.18)
    cubic = bicubic_score(results)
    for axes in panels.flat[: len(knobs)] if cubic is not None else []:
        axes.axhline(cubic, color="0.35", linestyle=":", linewidth=1.2, label="bicubic, test")
    for axes in panels[:, 0]:
        axes.set_ylabel("PSNR (dB)", fontsize=9)
    panels[0, 0].legend(fontsize=8, frameon=False)
    figure.savefig(file, dpi=110)
    return CAPTION


def draw_knob(axes: Axes, table: pd.DataFrame, knob: str) -> None:
    """PSNR against one setting, for each field."""
    for colour, (field, group) in zip(COLOURS, table.groupby("field", sort=False), strict=False):
        scores = group.astype({knob: float}).groupby(knob)[["train_psnr", "test_psnr"]].agg(["mean", "min", "max"])
        for part, style in (("train", "--"), ("test", "-")):
            low, mean, high = (scores[f"{part}_psnr", statistic] for statistic in ("min", "mean", "max"))
            axes.plot(scores.index, mean, style, color=colour, marker=".", label=f"{field}, {part}")
            axes.fill_between(scores.index, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.set_xscale("log")
    values = sorted(table[knob].unique())
    axes.set_xticks([float(value) for value in values], [f"{value:g}" for value in values])
    axes.xaxis.minorticks_off()
    axes.set_xlabel(short(knob), fontsize=10)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
