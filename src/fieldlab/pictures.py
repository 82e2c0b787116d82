"""Pictures of one fit: target, reconstruction, error map and PSNR curve as PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor
from trimesh import Trimesh

from fieldlab.runs.scoring import Scoring
from fieldlab.shapes.compare import Surface, sampled
from fieldlab.shapes.frame import Frame
from fieldlab.shapes.shade import draw
from fieldlab.shapes.write import write_mesh
from fieldlab.signals.cloud import Cloud
from fieldlab.signals.grid import Grid
from fieldlab.signals.medium import Layout

ERROR_LIMIT = 0.25  # absolute error that the error map shows as its brightest colour
SURFACE_LIMIT = 0.01  # of the cube's side: the distance between surfaces that is shown as the brightest colour
SPLATS = 200_000  # points of a surface from which it is drawn
MOST_FACES = 150_000  # of a given surface that is kept to turn around in a page
LINE_HEIGHT = 160


def save_reconstruction(folder: Path, signal: Grid, values: Float[Tensor, "*grid c"]) -> None:
    """target.png, reconstruction.png and error.png; and what the signal's `medium` writes.

    Of an array reconstruction.npy, in its original units; of sounds and frames reconstruction and target, to hear and see.
    """
    save_media(folder, signal, values)
    Image.fromarray(picture(signal.values.numpy())).save(folder / "target.png")
    Image.fromarray(picture(values.clamp(0, 1).numpy())).save(folder / "reconstruction.png")
    Image.fromarray(error_map(values, signal.values)).save(folder / "error.png")


def error_map(values: Float[Tensor, "*grid c"], target: Float[Tensor, "*grid c"]) -> np.ndarray:
    """Mean absolute error over channels after clipping, as RGB bytes: black 0, bright 0.25 and more."""
    error = (values.clamp(0, 1) - target).abs().mean(-1, keepdim=True) / ERROR_LIMIT
    return picture(error.clamp(0, 1).numpy(), colours="magma")


def save_media(folder: Path, signal: Grid, values: Float[Tensor, "*grid c"]) -> None:
    """The reconstruction in original units as its medium has it, an array by default; the target too where it lasts."""
    if signal.medium is None and signal.span is None:
        return
    medium = signal.medium or Layout(None if signal.channels == 1 else -1)
    low, high = signal.span or (0.0, 1.0)
    medium.save(folder / f"reconstruction{medium.suffix}", low + (high - low) * values.double().numpy())
    if medium.duration is not None:
        medium.save(folder / f"target{medium.suffix}", low + (high - low) * signal.values.double().numpy())


def picture(values: Float[np.ndarray, "*grid c"], colours: str | None = None) -> np.ndarray:
    """Values in [0, 1] as RGB bytes: an image as it is, of a volume its middle slice, of audio a graph of each channel.

    Of images of other than three channels the first is shown, in grey or in the named colours.
    """
    if values.ndim == 4:
        values = values[len(values) // 2]
    if values.ndim == 2:
        return np.concatenate([graph(channel) for channel in values.T])
    if values.shape[-1] == 3 and colours is None:
        return np.round(values * 255).astype(np.uint8)
    plane = values[..., 0]
    shades = mpl.colormaps[colours or "gray"](plane)[..., :3]
    return np.round(shades * 255).astype(np.uint8)


def graph(values: Float[np.ndarray, "n"]) -> np.ndarray:
    """A line of samples as black on white, at most 1,024 columns: each shows its samples' extremes."""
    columns = np.array_split(values, min(len(values), 1024))
    rows = np.arange(LINE_HEIGHT)[:, None]
    top, bottom = (np.array([extreme(c) for c in columns]) for extreme in (np.max, np.min))
    low, high = ((1 - v) * (LINE_HEIGHT - 1) for v in (bottom, top))
    black = (rows >= np.floor(high)) & (rows <= np.ceil(low))
    return np.repeat(np.where(black, 0, 255).astype(np.uint8)[..., None], 3, axis=-1)


def save_curve(file: Path, curve: Sequence[Mapping[str, float | None]], scoring: Scoring) -> None:
    """The scores on a fit's curve against steps."""
    figure = Figure(figsize=(5, 3.2))
    axes = figure.add_axes((0.16, 0.15, 0.81, 0.81))  # a layout engine would draw all twice, for every fit of a sweep
    for label, score in scoring.curves.items():
        points = [(point["step"], point[score]) for point in curve if point[score] is not None]
        if points:
            axes.plot(*zip(*points, strict=True), label=label, marker=".", markersize=4)
    if axes.lines:
        axes.legend(frameon=False)
    axes.set(xlabel="step", ylabel=scoring.axis, yscale="log" if scoring.logarithmic else "linear")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=120)


def save_surface(folder: Path, mesh: Trimesh, draft: Trimesh, cloud: Cloud) -> None:
    """mesh.ply in original units; target.png, reconstruction.png and error.png as views.

    target.glb and view.glb, the `draft`, are to be turned around in a page.
    """
    assert cloud.span is not None
    target = cloud.surface(SPLATS)
    Image.fromarray(draw(target.points, target.normals)).save(folder / "target.png")
    if cloud.mesh is not None and len(cloud.mesh.faces) <= MOST_FACES:
        cloud.mesh.export(folder / "target.glb")
    if not len(mesh.faces):
        return
    low, high = cloud.span
    frame = Frame(np.array(cloud.centre), high - low)
    write_mesh(Trimesh(frame.original(np.asarray(mesh.vertices)), mesh.faces, process=False), folder / "mesh.ply")
    draft.export(folder / "view.glb")
    drawn = sampled(mesh, SPLATS)
    Image.fromarray(draw(drawn.points, drawn.normals)).save(folder / "reconstruction.png")
    Image.fromarray(surface_error(drawn, target)).save(folder / "error.png")


def shaded(mesh: Trimesh) -> np.ndarray:
    """Views of a surface as RGB bytes."""
    drawn = sampled(mesh, SPLATS)
    return draw(drawn.points, drawn.normals)


def surface_error(drawn: Surface, target: Surface) -> np.ndarray:
    """Distance of a surface to where it should be, as RGB bytes: black 0, bright 0.01 of the cube and more."""
    distance, _ = target.nearest(drawn.points)
    colours = mpl.colormaps["magma"]((distance / SURFACE_LIMIT).clip(0, 1))[..., :3]
    return draw(drawn.points, drawn.normals, colours)


def save_derivatives(file: Path, shown: Mapping[str, Mapping[str, np.ndarray]], *, by_axis: bool) -> None:
    """A row for each of what is shown: `value` [h, w, c], `gradient` [h, w, c, 2] and `laplacian` [h, w, c].

    All on the scale of the last row. Of three channels their mean is shown.
    """
    last = {name: mean_channel(values) for name, values in list(shown.values())[-1].items()}
    steep, bent = (largest(last[name]) for name in ("gradient", "laplacian"))
    figure = Figure(figsize=(2.6 * (4 if by_axis else 3), 2.75 * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), 4 if by_axis else 3, squeeze=False)
    for axes, (label, values) in zip(grid, shown.items(), strict=True):
        panels = derivative_panels(values, steep, bent, by_axis)
        for axis, (name, panel) in zip(axes, panels.items(), strict=True):
            axis.imshow(panel, interpolation="nearest")
            axis.set_title(f"{name} of {label}", fontsize=9)
            axis.set_axis_off()
    note = f"brightest gradient {steep:.3g}, whitest Laplacian {bent:.3g}, per side of the picture"
    figure.supxlabel(note, x=0.995, ha="right", fontsize=7, color="0.4")
    figure.savefig(file, dpi=110)


def derivative_panels(
    values: Mapping[str, np.ndarray], steep: float, bent: float, by_axis: bool = False
) -> dict[str, np.ndarray]:
    """Value, gradient (direction as hue, magnitude up to `steep` as brightness, or by axes) and Laplacian as RGB."""
    slope, bend = mean_channel(values["gradient"]), mean_channel(values["laplacian"])
    along = {f"d/d {axis}": signed(slope[..., j], steep) for j, axis in enumerate(("row", "column"))}
    gradient = along if by_axis else {"gradient": hue(slope, steep)}
    return {"value": picture(values["value"].clip(0, 1)), **gradient, "Laplacian": signed(bend, bent)}


def mean_channel(values: np.ndarray) -> np.ndarray:
    """[h, w, c, …] -> [h, w, …]."""
    return values.mean(2)


def largest(values: np.ndarray) -> float:
    """What all but one in 200 magnitudes stay below; of vectors their lengths."""
    sizes = np.linalg.norm(values, axis=-1) if values.ndim == 3 else np.abs(values)
    return float(np.quantile(sizes, 0.995)) or 1.0


def hue(vectors: Float[np.ndarray, "h w 2"], limit: float) -> np.ndarray:
    """Direction as hue, length as brightness: black 0, bright `limit` and more."""
    angle = np.arctan2(vectors[..., 0], vectors[..., 1]) / (2 * np.pi) % 1
    brightness = (np.linalg.norm(vectors, axis=-1) / limit).clip(0, 1)
    return np.round(hsv_to_rgb(np.stack([angle, np.ones_like(angle), brightness], axis=-1)) * 255).astype(np.uint8)


def signed(values: Float[np.ndarray, "h w"], limit: float) -> np.ndarray:
    """Black -limit, grey 0, white limit."""
    shade = np.round(((values / limit).clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    return np.repeat(shade[..., None], 3, axis=-1)
