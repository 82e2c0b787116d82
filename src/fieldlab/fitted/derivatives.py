"""Pictures of derivatives: gradients by hue and brightness, Laplacians in grey."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure

from fieldlab.signals.pictures import picture


def save_derivatives(file: Path, shown: Mapping[str, Mapping[str, np.ndarray]], *, by_axis: bool) -> None:
    """Save a figure with `value` [h, w, c], `gradient` [h, w, c, 2] and `laplacian` [h, w, c] of each entry in a row.

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
    along = {f"d/d {axis}": shade_values(slope[..., j], steep) for j, axis in enumerate(("row", "column"))}
    gradient = along if by_axis else {"gradient": shade_vectors(slope, steep)}
    return {"value": picture(values["value"].clip(0, 1)), **gradient, "Laplacian": shade_values(bend, bent)}


def mean_channel(values: np.ndarray) -> np.ndarray:
    """[h, w, c, …] -> [h, w, …]."""
    return values.mean(2)


def largest(values: np.ndarray) -> float:
    """The 99.5 % quantile of magnitudes, of vectors their lengths; 1 where it is 0."""
    sizes = np.linalg.norm(values, axis=-1) if values.ndim == 3 else np.abs(values)
    return float(np.quantile(sizes, 0.995)) or 1.0


def shade_vectors(vectors: Float[np.ndarray, "h w 2"], limit: float) -> np.ndarray:
    """RGB bytes with direction as hue and length as brightness: black 0, bright `limit` and more."""
    angle = np.arctan2(vectors[..., 0], vectors[..., 1]) / (2 * np.pi) % 1
    brightness = (np.linalg.norm(vectors, axis=-1) / limit).clip(0, 1)
    return np.round(hsv_to_rgb(np.stack([angle, np.ones_like(angle), brightness], axis=-1)) * 255).astype(np.uint8)


def shade_values(values: Float[np.ndarray, "h w"], limit: float) -> np.ndarray:
    """RGB bytes in grey: black -limit, grey 0, white limit."""
    shade = np.round(((values / limit).clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    return np.repeat(shade[..., None], 3, axis=-1)
