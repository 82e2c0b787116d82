"""Plots of scores against one setting, the others unchanged."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from fieldlab.report.settings import is_number, shorten
from fieldlab.report.table import scoring_of_fits

MOST_TICKS = 9


def knobs_of(fits: pd.DataFrame) -> list[str]:
    """The settings that were swept and are numbers."""
    done = fits[fits.status == "finished"]
    values = {key: done[key].dropna() for key in fits.attrs["swept"]}
    return [key for key, column in values.items() if len(column) and column.map(is_number).all()]


def draw_knob(axes: Axes, fits: pd.DataFrame, knob: str, shades: Mapping[str, Any]) -> None:
    """Draw scores against one setting, for each field; where others always changed with it, every run as a dot."""
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
    axes.set_xlabel(shorten(knob), fontsize=10)


def only_this(group: pd.DataFrame, knob: str, swept: Sequence[str]) -> pd.DataFrame:
    """The runs of a field in which all other settings have their most common value, of the signals and seeds that have
    finished every value of this one."""
    for key in swept:
        if key != knob and group[key].notna().any():
            group = group.loc[group[key] == group[key].mode().iloc[0]]
    values = group.groupby(["signal", "seed"])[knob].transform("nunique")
    return group.loc[values == group[knob].nunique()]


def draw_line(axes: Axes, alone: pd.DataFrame, knob: str, field: str, colour: Any) -> None:
    """Draw the mean over signals and seeds, and the range over seeds; the last score solid, one before it dashed."""
    parts = scoring_of_fits(alone).knobs
    over_signals = alone.groupby([knob, "seed"])[list(parts.values())].mean()
    scores = over_signals.groupby(level=0).agg(["mean", "min", "max"])
    for part, style in zip(parts, ("--", "-")[-len(parts) :], strict=True):
        low, mean, high = (scores[parts[part], statistic] for statistic in ("min", "mean", "max"))
        axes.plot(scores.index, mean, style, color=colour, marker=".", label=f"{field}, {part}")
        axes.fill_between(scores.index, low, high, color=colour, alpha=0.18, linewidth=0)
