"""A figure with a panel for each setting that a study swept: what happens when only that one changes."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldlab.report.figure import bicubic_score, colours
from fieldlab.report.summary import is_number, short
from fieldlab.report.table import fits_table, scoring_of_fits
from fieldlab.results import Result

COLUMNS = 3
MOST_TICKS = 9

CAPTION = (
    "PSNR against one setting, the others as marked by the grey bars: mean, and shaded the range over seeds, on the"
    " training pixels (dashed) and on the test pixels (solid); dotted: bicubic interpolation, on the test pixels."
)
OTHER_CAPTION = (
    "{} against one setting, the others as marked by the grey bars: mean, and shaded the range over seeds."
)


def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Train and test PSNR against every swept number, one panel each; nothing where no number was swept."""
    table = fits_table(None, results)
    knobs = knobs_of(table)
    if not knobs:
        return None
    rows = -(-len(knobs) // COLUMNS)
    figure = Figure(figsize=(3.6 * min(len(knobs), COLUMNS), 2.9 * rows), layout="constrained")
    panels = figure.subplots(rows, min(len(knobs), COLUMNS), squeeze=False, sharey=True)
    for axes in panels.flat[len(knobs) :]:
        axes.set_axis_off()
    shades = colours(list(table.field.unique()))
    cubic = bicubic_score(results)
    for axes, knob in zip(panels.flat, knobs, strict=False):
        draw_knob(axes, table, knob, shades)
        if cubic is not None:
            axes.axhline(cubic, color="0.35", linestyle=":", linewidth=1.2, label="bicubic, test")
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel(scoring_of_fits(table).axis, fontsize=9)
    entries = {
        label: handle for axes in panels.flat for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(entries.values(), entries, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(file, dpi=110)
    scoring = scoring_of_fits(table)
    return CAPTION if len(scoring.knobs) > 1 else OTHER_CAPTION.format(scoring.against)


def knobs_of(fits: pd.DataFrame) -> list[str]:
    """The settings that were swept and are numbers."""
    done = fits[fits.status == "finished"]
    values = {key: done[key].dropna() for key in fits.attrs["swept"]}
    return [key for key, column in values.items() if len(column) and column.map(is_number).all()]


def draw_knob(axes: Axes, fits: pd.DataFrame, knob: str, shades: Mapping[str, Any]) -> None:
    """PSNR against one setting, for each field; where others always changed with it, every fit as a dot."""
    done = fits[(fits.status == "finished") & fits[knob].notna()].astype({knob: float})
    for field, group in done.groupby("field", sort=False):
        alone = only_this(group, knob, fits.attrs["swept"])
        few = len(alone) == len(group) or group[knob].nunique() <= MOST_TICKS
        if few and alone[knob].nunique() > 1:
            draw_line(axes, alone, knob, str(field), shades[str(field)])
            if len(alone) < len(group):
                axes.axvline(group[knob].mode().iloc[0], color="0.5", linewidth=6, alpha=0.18)
        else:
            part, score = list(scoring_of_fits(fits).knobs.items())[-1]
            axes.scatter(group[knob], group[score], color=shades[str(field)], s=14, label=f"{field}, {part}")
    values = sorted(done[knob].unique())
    if values[0] > 0:
        axes.set_xscale("log")
    if len(values) <= MOST_TICKS:
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.xaxis.minorticks_off()
    axes.set_xlabel(short(knob), fontsize=10)


def only_this(group: pd.DataFrame, knob: str, swept: Sequence[str]) -> pd.DataFrame:
    """The fits of a field in which all other settings have their most common value, of the signals and seeds that have
    finished every value of this one."""
    for key in swept:
        if key != knob and group[key].notna().any():
            group = group.loc[group[key] == group[key].mode().iloc[0]]
    values = group.groupby(["signal", "seed"])[knob].transform("nunique")
    return group.loc[values == group[knob].nunique()]


def draw_line(axes: Axes, alone: pd.DataFrame, knob: str, field: str, colour: Any) -> None:
    """Mean over signals and seeds, range over seeds; training samples dashed."""
    parts = scoring_of_fits(alone).knobs
    over_signals = alone.groupby([knob, "seed"])[list(parts.values())].mean()
    scores = over_signals.groupby(level=0).agg(["mean", "min", "max"])
    for part, style in zip(parts, ("--", "-")[-len(parts) :], strict=True):
        low, mean, high = (scores[parts[part], statistic] for statistic in ("min", "mean", "max"))
        axes.plot(scores.index, mean, style, color=colour, marker=".", label=f"{field}, {part}")
        axes.fill_between(scores.index, low, high, color=colour, alpha=0.18, linewidth=0)
