"""The figure of rolls: how exact they are, which known shifts are recovered, how losses fell, and the pictures themselves."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false, reportAttributeAccessIssue=false, reportOptionalOperand=false

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy
from PIL import Image, ImageSequence

from fieldlab.report.figure import COLOURS
from fieldlab.report.table import fits_table
from fieldlab.runs.result import Result, read_plan
from fieldlab.runs.task import find_task
from fieldlab.studies.features import tidy
from fieldlab.tasks.roll import Roll

FILM = "film.gif"  # of the study: that of its longest roll
MOST_EXACT, MOST_SHEETS, MOST_FRAMES = 2, 3, 4
PARTS = {"exact_psnr": "all pixels", "seam_psnr": "at the seam", "interior_psnr": "elsewhere"}
CAPTION = (
    "Above, where there are such rolls: PSNR of pictures moved by the true shift, against the exact roll; the share of known shifts"
    " that were recovered, against how far away they were (crosses, side by side: from a grid of starts); and the loss of each goal against steps. Below: a roll"
    " as it was learned, from its first frame to its last, and what other goals came to."
)

Fits = Sequence[tuple[Path, Result]]


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw panels of what the study has measured above, sheets of its goals below; and film.gif beside it.

    Returns the caption, None where there is nothing to draw yet.
    """
    order = fits_table(read_plan(folder), results).index
    fits = [(folder / name, results[name]) for name in order if name in results and is_finished_roll(results[name])]
    if not fits:
        return None
    panels = [*exact_panels(fits), *recovery_panels(fits), lambda axes: draw_losses(axes, fits)]
    sheets = sheets_of([fit for fit in fits if (fit[0] / "progress.gif").exists()]) if photos else []
    height = 4.4 if sheets else 0
    figure = Figure(figsize=(max(4.2 * len(panels), 3.4 * len(sheets)), 3.1 + height), layout="constrained")
    above, *below = figure.subfigures(
        2 if sheets else 1, 1, height_ratios=[3.1, height] if sheets else None, squeeze=False
    )[:, 0]
    for axes, draw in zip(above.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        draw(axes)
        tidy(axes)
    if sheets:
        for axes, (title, picture) in zip(below[0].subplots(1, len(sheets), squeeze=False)[0], sheets, strict=True):
            axes.imshow(picture, interpolation="antialiased")
            axes.set_title(title, fontsize=8)
            axes.set_axis_off()
    figure.savefig(file, dpi=100)
    if not photos or not (longest_roll(fits)[0] / "progress.gif").exists():
        return CAPTION
    shutil.copyfile(longest_roll(fits)[0] / "progress.gif", folder / FILM)
    return f"{CAPTION}\n\n![a roll as it was learned]({FILM})"


def is_finished_roll(result: Result) -> bool:
    return result.status == "finished" and find_task(result.config) is Roll


def goal_of(result: Result) -> Mapping[str, Any]:
    return result.config["goal"]


def method(result: Result) -> str:
    """`floor`, `sawtooth 0.01`, `torus`, `waves up to 5`: how coordinates repeat; fields that repeat by themselves first."""
    encoding, wrap = result.config["field"].get("encoding") or {}, result.config["warp"]["wrap"]
    name = wrap["_target_"].rpartition(".")[2]
    wrapped = {"SmoothSawtooth": f"sawtooth {wrap.get('delta')}", "Untouched": "no wrap"}.get(name, name.lower())
    if not encoding.get("_target_", "").endswith(".Periodic"):
        return wrapped
    alone = encoding["highest"] == 1 and not encoding["mixed"]
    periodic = "torus" if alone else f"waves up to {encoding['highest']}"
    return periodic if name == "Untouched" else f"{periodic}, {wrapped}"


def by_method(fits: Fits) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for _, result in fits:
        found.setdefault(method(result), []).append(result)
    return found


def colour(name: str, fits: Fits) -> tuple[float, float, float]:
    """The colour of a method, the same in all panels."""
    return COLOURS[list(by_method(fits)).index(name) % len(COLOURS)]


def exact_panels(fits: Fits) -> list[Callable[[Axes], None]]:
    """A panel for each known shift (at most two) by which several methods were compared."""
    cases: dict[str, list[tuple[Path, Result]]] = {}
    for fit in fits:
        goal = goal_of(fit[1])
        if "exact_psnr" in fit[1].scores and len(goal["shifts"] or ()) == 1:
            cases.setdefault(str(goal["shifts"][0]), []).append(fit)
    several = {shift: those for shift, those in cases.items() if len(by_method(those)) > 1}
    return [lambda axes, s=s, of=of: draw_exact(axes, s, of) for s, of in list(several.items())[:MOST_EXACT]]


def draw_exact(axes: Axes, shift: str, fits: Fits) -> None:
    """Draw mean and range over seeds, for every part of the picture."""
    methods = by_method(fits)
    for j, (score, label) in enumerate(PARTS.items()):
        values = [[r.scores[score] for r in results] for results in methods.values()]
        means = np.array([np.mean(v) for v in values])
        spans = np.array(
            [
                [m - min(v) for m, v in zip(means, values, strict=True)],
                [max(v) - m for m, v in zip(means, values, strict=True)],
            ]
        )
        at = np.arange(len(methods)) + (j - 1) * 0.27
        axes.bar(at, means, 0.26, yerr=spans, label=label, color=f"{0.25 + 0.25 * j}", error_kw={"lw": 0.8})
    axes.set_xticks(range(len(methods)), methods, rotation=35, ha="right")
    axes.set_title(f"moved by {shift} pixels", fontsize=8, pad=16)
    axes.set_ylabel("PSNR (dB)", fontsize=7)
    axes.legend(fontsize=6, frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 0.99))


def recovery_panels(fits: Fits) -> list[Callable[[Axes], None]]:
    far = [fit for fit in fits if goal_of(fit[1]).get("distance") is not None]
    return [lambda axes: draw_recovery(axes, far, fits)] if far else []


def draw_recovery(axes: Axes, far: Fits, fits: Fits) -> None:
    """Draw a line for each method from where the pictures are, and a cross for starts from a grid."""
    for i, (name, results) in enumerate(by_method(far).items()):
        points: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        for result in results:
            searched = result.config["shift_init"]["_target_"].endswith(".GridStart")
            points[searched].append((goal_of(result)["distance"], result.scores["recovered"]))
        shade = colour(name, fits)
        axes.plot(*zip(*sorted(points[False]), strict=True), color=shade, label=name, marker=".", linewidth=1.2)
        if points[True]:
            aside = offset_copy(axes.transData, axes.figure, x=5 * i, units="points")
            axes.plot(
                *zip(*sorted(points[True]), strict=True), color=shade, marker="x", linestyle="", transform=aside
            )
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("distance of the true shift (pixels)", fontsize=7)
    axes.set_ylabel("share recovered", fontsize=7)
    axes.legend(fontsize=6, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def draw_losses(axes: Axes, fits: Fits) -> None:
    """Draw a curve for each goal: its roll with the most points."""
    for name, (_, result) in by_goal(fits).items():
        axes.plot(
            [p["step"] for p in result.curve], [p["goal_loss"] for p in result.curve], label=name, linewidth=1.2
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("step", fontsize=7)
    axes.set_ylabel("loss", fontsize=7)
    axes.legend(fontsize=6, frameon=False)


def by_goal(fits: Fits) -> dict[str, tuple[Path, Result]]:
    """For each goal the roll with the longest curve, of those the lowest loss."""
    found: dict[str, tuple[Path, Result]] = {}
    for fit in sorted(fits, key=lambda fit: (len(fit[1].curve), -fit[1].scores["goal_loss"])):
        found[str(goal_of(fit[1]).get("name", "goal"))] = fit
    return found


def longest_roll(fits: Fits) -> tuple[Path, Result]:
    """The roll with the longest curve, one that recovers a shift where there is one."""
    return by_goal(fits).get("recover") or max(by_goal(fits).values(), key=lambda fit: len(fit[1].curve))


def sheets_of(fits: Fits) -> list[tuple[str, np.ndarray]]:
    """Frames of a roll as it was learned, and the sheets of other goals."""
    if not fits:
        return []
    first = longest_roll(fits)
    found = [
        (f"{goal_of(first[1]).get('name')}: {method(first[1])}, from the first step to the last", frames(first[0]))
    ]
    others = [(name, fit) for name, fit in by_goal(fits).items() if fit != first]
    found += [(name, np.asarray(Image.open(fit[0] / "sheet.png").convert("RGB"))) for name, fit in others]
    return found[:MOST_SHEETS]


def frames(folder: Path) -> np.ndarray:
    """Some frames of a film, one below the other."""
    film = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(Image.open(folder / "progress.gif"))]
    chosen = [film[i] for i in np.linspace(0, len(film) - 1, min(MOST_FRAMES, len(film))).round().astype(int)]
    return np.concatenate(chosen, axis=0)
