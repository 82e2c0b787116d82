"""A figure with a panel for each setting that a study swept: what happens when only that one changes."""

# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from fieldlab.report.figure import colours, common_lines
from fieldlab.report.knobs import draw_knob, knobs_of
from fieldlab.report.table import fits_table, scoring_of_fits
from fieldlab.runs.result import Result

COLUMNS = 3

CAPTION = "{} against one setting, the others as marked by the grey bars: mean, and shaded the range over seeds{}"


def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw scores against every swept number, one panel each; nothing where no number was swept."""
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
    scoring = scoring_of_fits(table)
    part, score = list(scoring.knobs.items())[-1]
    lines = common_lines(results, score)
    for axes, knob in zip(panels.flat, knobs, strict=False):
        draw_knob(axes, table, knob, shades)
        for name, value in lines.items():
            axes.axhline(value, color="0.35", linestyle=":", linewidth=1.2, label=f"{name}, {part}")
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel(scoring.axis, fontsize=9)
    entries = {
        label: handle for axes in panels.flat for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(entries.values(), entries, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(file, dpi=110)
    dotted = f"; dotted: {', '.join(lines)}." if lines else "."
    return CAPTION.format(scoring.against, scoring.knobs_note) + dotted
