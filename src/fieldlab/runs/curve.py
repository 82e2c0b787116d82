"""The curve of a run: its scores against steps, as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from fieldlab.runs.scoring import Scoring


def save_curve(file: Path, curve: Sequence[Mapping[str, float | None]], scoring: Scoring) -> None:
    """The scores on a fit's curve against steps."""
    figure = Figure(figsize=(5, 3.2))
    axes = figure.add_axes((0.16, 0.15, 0.81, 0.81))  # a layout engine would draw all twice, for every fit of a sweep
    for label, score in scoring.curves.items():
        points = [(point["step"], point[score]) for point in curve if point.get(score) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), label=label, marker=".", markersize=4)
    if axes.lines:
        axes.legend(frameon=False)
    axes.set(xlabel="step", ylabel=scoring.axis, yscale="log" if scoring.logarithmic else "linear")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=120)
