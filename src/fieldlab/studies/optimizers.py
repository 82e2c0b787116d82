"""A figure of optimisers: PSNR of each field under each of them, against steps and against seconds."""

# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldlab.report.figure import COLOURS, common_lines
from fieldlab.report.settings import format_setting, is_number
from fieldlab.report.table import fits_table
from fieldlab.runs.result import Result, read_plan

AXES = {"step": "step", "seconds": "seconds of steps"}
PARTS = {"train_psnr": "--", "test_psnr": "-"}
FILLS = {"train_psnr": "none", "test_psnr": "full"}
CAPTION = (
    "PSNR against steps (above) and against the seconds that they took (below), a column for each field: on the training pixels"
    " (dashed) and on the test pixels between them (solid), each optimiser at its rate that is best by validation samples. Mean"
    " and, shaded, the range over seeds, seconds their median{}. Lines are over a fixed sample of the pixels, the points at"
    " their ends over all."
)


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw two panels for each field, in the order of the study; nothing where nothing is finished. Returns the caption."""
    table = fits_table(read_plan(folder), results)
    curves = choose_curves([results[str(name)] for name in table.index if name in results])
    if not curves:
        return None
    names = list(dict.fromkeys(name for of_field in curves.values() for name in of_field))
    lines = common_lines(results, "test_psnr")
    figure = Figure(figsize=(3.3 * len(curves) + 0.4, 5.6), layout="constrained")
    panels = figure.subplots(len(AXES), len(curves), squeeze=False, sharey="col")
    for column, (field, of_field) in zip(panels.T, curves.items(), strict=True):
        column[0].set_title(field, fontsize=11)
        for axes, (key, label) in zip(column, AXES.items(), strict=True):
            for name, runs in of_field.items():
                draw_optimizer(axes, runs, key, name, COLOURS[names.index(name) % len(COLOURS)])
            for value in lines.values():
                axes.axhline(value, color="0.35", linestyle=":", linewidth=1.2)
            axes.set_xlabel(label, fontsize=9)
            axes.tick_params(labelsize=8)
            axes.grid(alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel("PSNR (dB)", fontsize=9)
    panels[0, 0].legend(fontsize=8, frameon=False)
    figure.savefig(file, dpi=110)
    return CAPTION.format(f"; dotted: {' and '.join(lines)} from the same training pixels" if lines else "")


def choose_curves(results: Iterable[Result]) -> dict[str, dict[str, list[Result]]]:
    """The finished runs of each field under each optimiser, at its rate that is best by validation samples."""
    by_rate: dict[str, dict[str, dict[float, list[Result]]]] = {}
    for result in results:
        if result.status == "finished" and is_number(result.scores.get("validation_psnr")):
            optimizer = result.config["optimizer"]
            name = format_setting(optimizer["_target_"])
            field = result.field.removesuffix(f"-{name.lower()}")  # as the study calls its pairs
            by_rate.setdefault(field, {}).setdefault(name, {}).setdefault(optimizer["lr"], []).append(result)
    return {
        field: {name: max(rates.values(), key=judge) for name, rates in of_field.items()}
        for field, of_field in by_rate.items()
    }


def judge(runs: Sequence[Result]) -> float:
    """The mean PSNR on validation samples."""
    return float(np.mean([run.scores["validation_psnr"] for run in runs]))


def draw_optimizer(axes: Axes, runs: Sequence[Result], key: str, name: str, colour: tuple[float, ...]) -> None:
    """Draw the scores of an optimiser's runs against steps or seconds: a line on the way, and a point at the end."""
    x = np.median([[point[key] for point in run.curve] for run in runs], axis=0)
    for part, style in PARTS.items():
        scores = np.array([[point[part] for point in run.curve] for run in runs], dtype=float)
        label = name if part == "test_psnr" else None
        axes.plot(x[:-1], scores.mean(0)[:-1], style, color=colour, linewidth=1.5, label=label)
        axes.fill_between(x[:-1], scores.min(0)[:-1], scores.max(0)[:-1], color=colour, alpha=0.15, linewidth=0)
        axes.plot(x[-1:], scores.mean(0)[-1:], "o", color=colour, markersize=4, fillstyle=FILLS[part])
