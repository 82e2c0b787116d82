"""The figure of a study: the original, what each field made of it and error maps side by side, and a score against steps."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from PIL import Image

from fieldlab.report.settings import settings_of
from fieldlab.runs.result import Result, scoring_of
from fieldlab.runs.task import Exhibit, find_task

MOST_COLUMNS, MOST_SIGNALS, MOST_LETTERS = 6, 4, 40
COLOURS = mpl.colormaps["tab10"].colors  # type: ignore[attr-defined]
Fits = Sequence[tuple[Path, Result]]
Shades = Mapping[str, tuple[float, float, float]]


@mpl.rc_context({"text.parse_math": False})  # a photo may be called $1.png
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """For each signal (at most four) two rows: the original and each field's picture above, curves and error maps below.

    A field is represented by its best run by the score that judges; of a signal there are at most six fields, the best
    ones, in the order of their score. Without `photos` the lower rows alone. Returns the caption, None where there is
    nothing to draw yet.
    """
    done = [(folder / name, result) for name, result in results.items() if result.status == "finished"]
    finished = [fit for fit in done if exhibit_of(fit[1]).original]
    signals = list(dict.fromkeys(result.signal for _, result in finished))[:MOST_SIGNALS]
    if not signals:
        return None
    best = [representatives([fit for fit in finished if fit[1].signal == signal]) for signal in signals]
    shades = colours(list(dict.fromkeys(result.field for _, result in finished)))
    columns, rows = 1 + max(map(len, best)), 2 if photos else 1
    exhibit = exhibit_of(finished[0][1])
    width, height = exhibit.panel
    figure = Figure(figsize=(width * columns, height * rows * len(signals)), layout="constrained")
    grid = figure.subplots(rows * len(signals), columns, squeeze=False)
    for row, (signal, fits) in enumerate(zip(signals, best, strict=True)):
        of_signal = grid[rows * row : rows * (row + 1)]
        for axis in of_signal.flat:
            axis.set_axis_off()
        draw_titles(of_signal[0], fits)
        draw_errors(of_signal[-1], fits, [f for f in finished if f[1].signal == signal], shades)
        if photos:
            draw_photos(of_signal[0], fits)
    figure.supxlabel(exhibit.note, x=0.995, ha="right", fontsize=7, color="0.4")
    figure.savefig(file, dpi=110)
    return exhibit.captions[0] if photos else exhibit.captions[1]


def colours(fields: Sequence[str]) -> Shades:
    """A colour for each field, the same in every plot of a study; of more than twenty neighbours are alike."""
    known = COLOURS if len(fields) <= len(COLOURS) else mpl.colormaps["tab20"].colors  # type: ignore[attr-defined]
    rainbow = mpl.colormaps["turbo"]
    shades = known if len(fields) <= len(known) else [rainbow(i / (len(fields) - 1))[:3] for i in range(len(fields))]
    return dict(zip(fields, shades, strict=False))


def representatives(fits: Fits) -> Fits:
    """The best run of each field, the worst field first."""
    best: dict[str, tuple[Path, Result]] = {}
    for fit in fits:
        if fit[1].field not in best or quality(fit[1]) > quality(best[fit[1].field][1]):
            best[fit[1].field] = fit
    return sorted(best.values(), key=lambda fit: quality(fit[1]))[-MOST_COLUMNS:]


def quality(result: Result) -> float:
    """The first score that may judge, larger where it is better."""
    scoring = scoring_of(result)
    known = [(judge, result.scores.get(judge)) for judge in scoring.judges]
    return next((scoring.scores[judge].sign * score for judge, score in known if score is not None), -np.inf)


def exhibit_of(result: Result) -> Exhibit:
    """The files of a run that a report shows, and what it says of them."""
    return find_task(result.config).exhibit()


def cut(name: str) -> str:
    """The name of a signal, as far as there is room for it."""
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"


def draw_titles(axes: np.ndarray, fits: Fits) -> None:
    first = fits[0][1]
    axes[0].set_title(f"{cut(first.signal)} ({size_of(first)})", fontsize=9)
    for axis, (_, result) in zip(axes[1:], fits, strict=False):
        axis.set_title(f"{result.field}\n{caption(result)}", fontsize=9)


def size_of(result: Result) -> str:
    """`256 x 256`, or `100,000 points`."""
    return find_task(result.config).describe_size(result)


def draw_photos(axes: np.ndarray, fits: Fits) -> None:
    """Draw the original, then each field's picture."""
    show(axes[0], fits[0][0] / str(exhibit_of(fits[0][1]).original))
    for axis, (folder, result) in zip(axes[1:], fits, strict=False):
        show(axis, folder / exhibit_of(result).picture)


def draw_errors(axes: np.ndarray, fits: Fits, everything: Fits, shades: Shades) -> None:
    """Draw the curves, then each field's error map."""
    draw_curves(axes[0], fits, everything, shades)
    for axis, (folder, result) in zip(axes[1:], fits, strict=False):
        show(axis, folder / exhibit_of(result).below)


def caption(result: Result) -> str:
    """A line below a field's name: a task's own caption, or the headline score."""
    scoring = scoring_of(result)
    if scoring.captions:
        return scoring.describe_below(result.scores, fewer=1)  # titles have little room
    value, score = result.scores.get(scoring.headline), scoring.scores[scoring.headline]
    return scoring.nothing if value is None else f"{score.label} {score.format(value)}"


def show(axes: Axes, file: Path) -> None:
    if file.exists():
        axes.imshow(np.asarray(Image.open(file)), interpolation="nearest")


def draw_curves(axes: Axes, fits: Fits, everything: Fits, shades: Shades) -> None:
    """Draw a score against steps: the mean over the runs of a field and, shaded, their range; nothing where no step was taken."""
    first = fits[0][1]
    if not first.curve:
        return
    axes.set_axis_on()
    scoring, drawn = scoring_of(first), score_on_curve(first)
    for _, best in fits:
        colour = shades[best.field]
        curves = [r.curve for _, r in everything if r.field == best.field and same_settings(r, best)]
        length = min(map(len, curves))
        steps = np.array([point["step"] for point in best.curve[:length]], dtype=float)
        scores = np.array([[point[drawn] for point in curve[:length]] for curve in curves], dtype=float)
        axes.plot(steps, scores.mean(0), color=colour, label=best.field, linewidth=1.2)
        axes.fill_between(steps, scores.min(0), scores.max(0), color=colour, alpha=0.2, linewidth=0)
    for name, value in scoring.find_lines(first.yardsticks, drawn).items():
        axes.axhline(value, color="0.4", linestyle=":", linewidth=1, label=name)
    axes.legend(fontsize=6, frameon=False)
    axes.set_xlabel("step", fontsize=7)
    axes.set_ylabel(scoring.scores[drawn].axis, fontsize=7)
    if scoring.logarithmic:
        scale_by_decades(axes)
    axes.tick_params(labelsize=6, which="both")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def scale_by_decades(axes: Axes) -> None:
    """Make an axis logarithmic, with plain numbers: powers would need the mathematical text that names of photos forbid."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(
        NullFormatter() if spans_a_decade(axes) else FuncFormatter(lambda v, _: f"{v:.2g}")
    )


def spans_a_decade(axes: Axes) -> bool:
    low, high = axes.get_ylim()
    return bool(high > 10 * low)


def score_on_curve(result: Result) -> str:
    """The score whose curve a figure shows: the headline score where it has a curve, or else the first that has."""
    scoring = scoring_of(result)
    return scoring.headline if scoring.headline in scoring.curves.values() else next(iter(scoring.curves.values()))


def same_settings(one: Result, other: Result) -> bool:
    """Whether two runs differ in nothing but their seed."""
    return settings_of(one) == settings_of(other)


def common_lines(results: Mapping[str, Result], score: str) -> dict[str, float]:
    """The dotted lines of yardsticks in a plot of a score, where all runs share them."""
    values: dict[str, set[float]] = {}
    for result in results.values():
        for name, value in scoring_of(result).find_lines(result.yardsticks, score).items():
            values.setdefault(name, set()).add(value)
    return {name: shared.pop() for name, shared in values.items() if len(shared) == 1}
