"""The figure of `experiment=bandwidth`: what the width of a Fourier feature kernel does."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from fieldlab.fitted.query import Query
from fieldlab.report.figure import common_lines
from fieldlab.runs.result import Result

SINGLE, OCTAVES = "gaussian", "gaussian_octaves"
DETAIL = (0.23, 0.22, 0.53, 0.52)  # the part of the picture that is magnified: top, left, bottom, right
MAGNIFIED = 300  # samples a side at which a detail is rendered
SPACING = 2  # pixels between training samples of the stride split
REACH = 16  # pixels to either side in which kernels are drawn
NAMES = ("too wide", "right", "too narrow")
COLOURS = ("#3b6fb6", "#2f8f4e", "#c8452f")
SHADES = mpl.colormaps["Greys"](np.linspace(0.45, 0.95, 3))

CAPTION = (
    "Above: PSNR against sigma, mean and range over seeds, on the training pixels (dashed) and on the test pixels"
    " between them (solid), the more rows of B the darker; dotted: bicubic interpolation from the same training pixels."
    " The upper scale is the width (standard deviation) of the narrowest kernel in pixels; training pixels are 2 apart. {}"
    "Bottom: the kernels of the three, and that of the octaves' waves, in closed form; dots are training pixels."
)
PHOTOS = (
    "Middle: the photo, and reconstructions rendered between the pixels, with a kernel that is too wide, right (by"
    " validation pixels) and too narrow, all of most rows; below each a detail. "
)


def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw curves over sigma, kernels, and (with `photos`) reconstructions with kernels too wide, right and too narrow."""
    table = fits(results)
    if table.empty or SINGLE not in set(table.field) or table.validation_psnr.isna().any():
        return None
    single, octaves = (table.loc[table.field == field] for field in (SINGLE, OCTAVES))
    heights = [4.3, 3.1, 2.75, 1.9] if photos else [4.3, 1.9]
    figure = Figure(figsize=(12, sum(heights)), layout="constrained")
    grid = figure.add_gridspec(len(heights), 4, height_ratios=heights)
    left = figure.add_subplot(grid[0, :2])
    right = figure.add_subplot(grid[0, 2:], sharey=left)
    draw_scores(left, single, results, "one scale:  [cos 2πBx, sin 2πBx]")
    draw_scores(right, octaves, results, "octaves:  the same at 1, 2, 4 and 8 times B")
    three = choose_fits(single)
    size = results[three[0].fit].grid[0]
    if photos:
        draw_photo([figure.add_subplot(grid[row, 0]) for row in (1, 2)], folder / three[0].fit)
    for column, (name, colour, picked) in enumerate(zip(NAMES, COLOURS, three, strict=True), start=1):
        left.axvline(picked.sigma, color=colour, linewidth=6, alpha=0.18)
        if photos:
            axes = [figure.add_subplot(grid[row, column]) for row in (1, 2)]
            draw_reconstruction(axes, folder / picked.fit)
            text = f"{name}: σ = {picked.sigma:g}\ntrain {picked.train_psnr:.1f}, test {picked.test_psnr:.1f} dB"
            axes[0].set_title(text, fontsize=11, color=colour)
        draw_kernel(figure.add_subplot(grid[-1, column]), [picked.width], size, colour)
    if not octaves.empty:
        best = choose_fits(octaves)[1]
        axes = figure.add_subplot(grid[-1, 0])
        draw_kernel(axes, [best.width * 2**octave for octave in range(int(best.max_octave) + 1)], size, "0.35")
        axes.set_title(f"octaves, σ = {best.sigma:g}", fontsize=9)
        axes.set_ylabel("kernel", fontsize=9)
    figure.savefig(file, dpi=100)
    return CAPTION.format(PHOTOS if photos else "")


def fits(results: Mapping[str, Result]) -> pd.DataFrame:
    """One row a finished fit: field, rows, sigma, the width of its narrowest kernel in pixels, and scores."""
    found = []
    for name, result in results.items():
        encoding = result.config["field"]["encoding"]
        if result.status == "finished" and result.field in (SINGLE, OCTAVES):
            width = narrowest_width(result.field, encoding) * result.grid[0]  # in pixels
            found.append({"fit": name, "field": result.field, "width": width, **encoding, **result.scores})
    return pd.DataFrame(found)


def narrowest_width(field: str, encoding: Mapping[str, Any]) -> float:
    """The standard deviation of the narrowest kernel, in units of the picture.

    exp(-2 pi^2 sigma^2 d^2) has 1 / (2 pi sigma). Octave L of a projection in radians per unit of [-1, 1], twice
    as long as the picture, has exp(-(2^L sigma 2 d)^2 / 2) and so 1 / (2^(L + 1) sigma).
    """
    if field == SINGLE:
        return 1 / (2 * np.pi * encoding["sigma"])
    return 1 / (2 ** (encoding["max_octave"] + 1) * encoding["sigma"])


def choose_fits(table: pd.DataFrame) -> list[Any]:
    """A fit with each of three kernels, most rows first: the widest, the best on validation samples, the narrowest."""
    most = table.loc[table.rows == table.rows.max()]
    best = most.groupby("sigma").validation_psnr.mean().idxmax()
    rows = {row.sigma: row for row in most.itertuples()}
    return [rows[sigma] for sigma in (most.sigma.min(), best, most.sigma.max())]


def draw_scores(axes: Axes, table: pd.DataFrame, results: Mapping[str, Result], title: str) -> None:
    """Draw train and test PSNR against sigma, a shade for each number of rows."""
    axes.set_title(title, fontsize=12)
    axes.set_xscale("log", base=2)
    for shade, (rows, group) in zip(SHADES, table.groupby("rows"), strict=False):
        scores = group.groupby("sigma")[["train_psnr", "test_psnr"]].agg(["mean", "min", "max"])
        for part, style in (("train_psnr", "--"), ("test_psnr", "-")):
            label = f"{rows:,} rows" if part == "test_psnr" else None
            axes.plot(scores.index, scores[part, "mean"], style, color=shade, label=label, marker=".", linewidth=1.6)
            axes.fill_between(scores.index, scores[part, "min"], scores[part, "max"], color=shade, alpha=0.2)
    for name, value in common_lines(results, "test_psnr").items():
        axes.axhline(value, color="0.35", linestyle=":", linewidth=1.3, label=f"{name}, test")
    axes.set_xlabel("σ", fontsize=11)
    axes.set_ylabel("PSNR (dB)", fontsize=9)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    if not table.empty:
        scale = float((table.width * table.sigma).iloc[0])

        def reciprocal(values: np.ndarray) -> np.ndarray:
            with np.errstate(divide="ignore"):  # matplotlib tries 0 before it knows the limits
                return scale / np.asarray(values, dtype=float)

        above = axes.secondary_xaxis("top", functions=(reciprocal, reciprocal))  # pyright: ignore[reportArgumentType]
        above.set_xlabel("width of the narrowest kernel, pixels", fontsize=8, color="0.35")
        above.xaxis.set_major_formatter("{x:g}")
        above.set_xticks([0.1, 0.3, 1, 3, 10, 30])
        above.tick_params(labelsize=8, colors="0.35")


def detail(grid: Sequence[int]) -> tuple[int, ...]:
    """The magnified pixels, by their edges."""
    return tuple(round(edge * size) for edge, size in zip(DETAIL, itertools.cycle(grid), strict=False))


def draw_photo(axes: Sequence[Axes], folder: Path) -> None:
    photo = np.asarray(Image.open(folder / "target.png"))
    top, left, bottom, right = detail(photo.shape[:2])
    show(axes[0], photo)
    show(axes[1], photo[top:bottom, left:right])
    axes[0].set_title(f"photo\n{' × '.join(map(str, photo.shape[:2]))}", fontsize=11)
    frame(axes[0], photo.shape[:2], photo.shape[:2])


def draw_reconstruction(axes: Sequence[Axes], folder: Path) -> None:
    """Draw the whole at four times its resolution, and the detail at as many samples as it takes."""
    query = Query(folder)
    size = [4 * n for n in query.grid]
    show(axes[0], query.render(size).clip(0, 1))
    frame(axes[0], query.grid, size)
    show(axes[1], query.render((MAGNIFIED, MAGNIFIED), detail(query.grid)).clip(0, 1))


def show(axes: Axes, picture: Float[np.ndarray, "rows columns c"] | np.ndarray) -> None:
    axes.imshow(picture, interpolation="nearest", cmap="gray")
    axes.set_axis_off()


def frame(axes: Axes, grid: Sequence[int], size: Sequence[int]) -> None:
    """Mark the detail in the whole."""
    top, left, bottom, right = (edge * size[0] / grid[0] for edge in detail(grid))
    box = ([left, right, right, left, left], [top, top, bottom, bottom, top])
    axes.plot(*box, color="white", linewidth=1.2)


def draw_kernel(axes: Axes, widths: Sequence[float], size: int, colour: str) -> None:
    """Draw the mean of Gaussians of these widths against the distance in pixels, and where the training pixels lie.

    For one scale it is exp(-2 pi^2 sigma^2 d^2), to which the inner product of two encodings at distance d, divided
    by the rows of B, tends as they grow (Tancik et al. 2020); for the waves of octaves the mean of one such kernel
    for each (the projections Bx themselves, which octaves keep as features too, are left out).
    """
    d = np.linspace(-REACH, REACH, 2001)
    samples = np.arange(-REACH, REACH + 1, SPACING)
    axes.plot(d, mixture(widths, d), color=colour, linewidth=1.8)
    axes.fill_between(d, mixture(widths, d), color=colour, alpha=0.12, linewidth=0)
    axes.plot(samples, mixture(widths, samples), "o", color=colour, markersize=4, clip_on=False)
    axes.set_ylim(0, 1.05)
    axes.set_xlim(-REACH, REACH)
    axes.set_xlabel("distance, pixels", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def mixture(widths: Sequence[float], d: Float[np.ndarray, "n"] | Int[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """mean exp(-d^2 / (2 width^2)) over widths."""
    return np.mean([np.exp(-(d**2) / (2 * width**2)) for width in widths], axis=0)
