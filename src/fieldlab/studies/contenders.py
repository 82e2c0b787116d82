"""A figure of many fields: what each comes to, and how long one waits for it."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from fieldlab.report.figure import COLOURS, common_lines
from fieldlab.report.table import fits_table
from fieldlab.runs.result import Result, read_plan

EXACT = 70.0  # dB: finer than 8 bits can tell
PARTS = {"test_psnr": "between the training pixels", "train_psnr": "on the training pixels"}
CAPTION = (
    "Left: PSNR of each field on the training pixels (rings) and on the test pixels between them (discs), the best one between"
    " them first. Right: the same against the seconds from a configuration to its last file, compiling and scoring included; named, and joined,"
    " are fields that no other one beats in both. What is above 70 dB, finer than 8 bits can tell, is drawn at 70. Medians over seeds{}."
)


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw a row for each field, and a panel for each kind of pixels; nothing where nothing is finished. Returns the caption."""
    table = fits_table(read_plan(folder), results)
    done = table[table.status == "finished"]
    if done.empty or done.test_psnr.isna().all():
        return None
    fields = done.groupby("field")[[*PARTS, "wall_seconds"]].median().sort_values("test_psnr")
    fields[[*PARTS]] = fields[[*PARTS]].clip(upper=EXACT)
    lines = common_lines(results, "test_psnr")
    figure = Figure(figsize=(11.5, max(5.0, 0.19 * len(fields) + 1.2)), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.15])
    draw_rows(left.subplots(), fields, lines)
    for axes, (part, label) in zip(right.subplots(len(PARTS), sharex=True), PARTS.items(), strict=True):
        draw_front(axes, fields, part)
        axes.set_ylabel(f"PSNR {label} (dB)", fontsize=8)
    axes.set_xlabel("seconds from the configuration to the last file", fontsize=8)
    for each in figure.axes:
        each.tick_params(labelsize=7)
        each.grid(alpha=0.25, which="both")
        each.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110)
    return CAPTION.format(f"; dotted: {' and '.join(lines)} from the same training pixels" if lines else "")


def draw_rows(axes: Axes, fields: pd.DataFrame, lines: Mapping[str, float]) -> None:
    """Draw a row for each field, the best one on top."""
    rows = range(len(fields))
    axes.hlines(rows, fields.test_psnr, fields.train_psnr, color="0.8", linewidth=1)
    axes.plot(fields.train_psnr, rows, "o", color=COLOURS[0], fillstyle="none", markersize=4)
    axes.plot(fields.test_psnr, rows, "o", color=COLOURS[0], markersize=4)
    for value in lines.values():
        axes.axvline(value, color="0.35", linestyle=":", linewidth=1.2)
    axes.set_yticks(rows, fields.index)
    axes.set_ylim(-0.7, len(fields) - 0.3)
    axes.set_xlabel("PSNR (dB)", fontsize=8)


def draw_front(axes: Axes, fields: pd.DataFrame, part: str) -> None:
    """Draw PSNR against the wall clock, and join the fields that no other one beats in both."""
    front = find_front(fields, part)
    best = fields.loc[front]
    axes.plot(fields.wall_seconds, fields[part], "o", color="0.65", markersize=3.5)
    axes.step(best.wall_seconds, best[part], where="post", color=COLOURS[3], linewidth=1)
    axes.plot(best.wall_seconds, best[part], "o", color=COLOURS[3], markersize=4.5)
    for name, of_field in best.iterrows():
        axes.annotate(
            str(name),
            (of_field.wall_seconds, of_field[part]),
            xytext=(3, 4),
            textcoords="offset points",
            fontsize=7,
            ha="left",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def find_front(fields: pd.DataFrame, part: str) -> Sequence[str]:
    """The fields that are better than every faster one, the fastest first."""
    by_time = fields.sort_values("wall_seconds")
    return list(by_time.index[by_time[part] > by_time[part].cummax().shift(fill_value=float("-inf"))])
