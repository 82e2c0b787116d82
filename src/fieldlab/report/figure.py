"""The figure of a study: photo, reconstructions and error maps side by side, and PSNR against steps."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from PIL import Image

from fieldlab.report.table import settings_of
from fieldlab.results import Result, scoring_of
from fieldlab.runs.task import Exhibit, find_task

MOST_COLUMNS, MOST_SIGNALS, MOST_LETTERS = 6, 4, 40
COLOURS = mpl.colormaps["tab10"].colors  # type: ignore[attr-defined]
Fits = Sequence[tuple[Path, Result]]
Shades = Mapping[str, tuple[float, float, float]]


@mpl.rc_context({"text.parse_math": False})  # a photo may be called $1.png
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """For each signal (at most four) two rows: photo and reconstructions above, curves and error maps below.

    A field is shown by its best fit on validation samples (on training samples where nothing validates), and
    at most six fields of a signal are shown, the best ones, in the order of their score. Without `photos` the
    lower rows alone. Returns the caption, None where there is nothing to draw yet.
    """
    done = [(folder / name, result) for name, result in results.items() if result.status == "finished"]
    finished = [fit for fit in done if exhibit_of(fit[1]).original]
    signals = list(dict.fromkeys(result.signal for _, result in finished))[:MOST_SIGNALS]
    if not signals:
        return None
    shown = [representatives([fit for fit in finished if fit[1].signal == signal]) for signal in signals]
    shades = colours(list(dict.fromkeys(result.field for _, result in finished)))
    columns, rows = 1 + max(map(len, shown)), 2 if photos else 1
    exhibit = exhibit_of(finished[0][1])
    width, height = exhibit.panel
    figure = Figure(figsize=(width * columns, height * rows * len(signals)), layout="constrained")
    grid = figure.subplots(rows * len(signals), columns, squeeze=False)
    for row, (signal, fits) in enumerate(zip(signals, shown, strict=True)):
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
    """A colour for each field, the same in every plot of a study."""
    return {field: COLOURS[i % len(COLOURS)] for i, field in enumerate(fields)}


def representatives(fits: Fits) -> Fits:
    """One fit for each field, the best; worst field first."""
    best: dict[str, tuple[Path, Result]] = {}
    for fit in fits:
        if fit[1].field not in best or quality(fit[1]) > quality(best[fit[1].field][1]):
            best[fit[1].field] = fit
    return sorted(best.values(), key=lambda fit: quality(fit[1]))[-MOST_COLUMNS:]


def quality(result: Result) -> float:
    """The first score that may judge, the larger the better."""
    scoring = scoring_of(result)
    known = [(judge, result.scores.get(judge)) for judge in scoring.judges]
    return next((scoring.scores[judge].sign * score for judge, score in known if score is not None), -np.inf)


def exhibit_of(result: Result) -> Exhibit:
    """What a report shows of such a run."""
    return find_task(result.config).exhibit()


def cut(name: str) -> str:
    """A signal's name, as far as there is room for it."""
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"


def draw_titles(axes: np.ndarray, shown: Fits) -> None:
    first = shown[0][1]
    axes[0].set_title(f"{cut(first.signal)} ({size_of(first)})", fontsize=9)
    for axis, (_, result) in zip(axes[1:], shown, strict=False):
        axis.set_title(f"{result.field}\n{caption(result)}", fontsize=9)


def size_of(result: Result) -> str:
    """`256 x 256`, or `100,000 points`."""
    return find_task(result.config).describe_size(result)


def draw_photos(axes: np.ndarray, shown: Fits) -> None:
    """The photo, then each field's reconstruction."""
    show(axes[0], shown[0][0] / str(exhibit_of(shown[0][1]).original))
    for axis, (folder, result) in zip(axes[1:], shown, strict=False):
        show(axis, folder / exhibit_of(result).picture)


def draw_errors(axes: np.ndarray, shown: Fits, everything: Fits, shades: Shades) -> None:
    """The curves, then each field's error map."""
    draw_curves(axes[0], shown, everything, shades)
    for axis, (folder, result) in zip(axes[1:], shown, strict=False):
        show(axis, folder / exhibit_of(result).below)


def caption(result: Result) -> str:
    """A line below a field's name: PSNR, or the headline score."""
    scoring = scoring_of(result)
    if not {"train_psnr", "test_psnr", "full_psnr"} <= result.scores.keys():
        value, score = result.scores.get(scoring.headline), scoring.scores[scoring.headline]
        return scoring.nothing if value is None else f"{score.label} {score.format(value)}"
    train, test, full = (result.scores[f"{part}_psnr"] for part in ("train", "test", "full"))
    return f"{full:.1f} dB over all samples" if train == test == full else f"train {train:.1f}, test {test:.1f} dB"


def show(axes: Axes, file: Path) -> None:
    if file.exists():
        axes.imshow(np.asarray(Image.open(file)), interpolation="nearest")


def draw_curves(axes: Axes, shown: Fits, everything: Fits, shades: Shades) -> None:
    """Test PSNR (of shapes an error) against steps: the mean over the fits of a field and, shaded, their range."""
    axes.set_axis_on()
    scoring, drawn = scoring_of(shown[0][1]), on_curve(shown[0][1])
    for _, best in shown:
        colour = shades[best.field]
        curves = [r.curve for _, r in everything if r.field == best.field and same_settings(r, best)]
        length = min(map(len, curves))
        steps = np.array([point["step"] for point in best.curve[:length]], dtype=float)
        dB = np.array([[point[drawn] for point in curve[:length]] for curve in curves], dtype=float)
        axes.plot(steps, dB.mean(0), color=colour, label=best.field, linewidth=1.2)
        axes.fill_between(steps, dB.min(0), dB.max(0), color=colour, alpha=0.2, linewidth=0)
    if (cubic := shown[0][1].bicubic) and cubic.get("test_psnr") is not None:
        axes.axhline(cubic["test_psnr"], color="0.4", linestyle=":", linewidth=1, label="bicubic")  # type: ignore[arg-type]
    axes.legend(fontsize=6, frameon=False)
    axes.set_xlabel("step", fontsize=7)
    axes.set_ylabel(scoring.scores[drawn].label + (" (dB)" if scoring.unit else ""), fontsize=7)
    if scoring.logarithmic:
        scale_by_decades(axes)
    axes.tick_params(labelsize=6, which="both")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def scale_by_decades(axes: Axes) -> None:
    """A logarithmic axis with plain numbers: powers would need the mathematical text that names of photos forbid."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(
        NullFormatter() if spans_a_decade(axes) else FuncFormatter(lambda v, _: f"{v:.2g}")
    )


def spans_a_decade(axes: Axes) -> bool:
    low, high = axes.get_ylim()
    return bool(high > 10 * low)


def on_curve(result: Result) -> str:
    """The score whose curve a figure shows: PSNR on test samples, of shapes the error on the surface."""
    scoring = scoring_of(result)
    return scoring.headline if scoring.headline in scoring.curves.values() else next(iter(scoring.curves.values()))


def same_settings(one: Result, other: Result) -> bool:
    """Whether two fits differ in nothing but their seed."""
    return settings_of(one) == settings_of(other)


def bicubic_score(results: Mapping[str, Result]) -> float | None:
    """Test PSNR of cubic interpolation, where all fits share one."""
    scores = {r.bicubic["test_psnr"] for r in results.values() if r.bicubic is not None}
    return scores.pop() if len(scores) == 1 else None
