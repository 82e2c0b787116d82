"""Views: a surface shaded from points of it, without a display."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

Points = Float[np.ndarray, "n 3"]

VIEWS = ((30.0, 20.0), (150.0, 20.0), (270.0, 20.0))  # degrees: around the second axis, up from the horizon
SIZE = 320  # pixels a side of one view
FINER = 2  # pixels a side that are averaged for one
WIDTH = 1.25  # sides of the unit cube that a view shows
MATTE, WHITE, NIGHT = (0.72, 0.76, 0.84), (1.0, 1.0, 1.0), (0.16, 0.16, 0.19)


def draw(
    points: Points, normals: Points, colours: Float[np.ndarray, "n 3"] | None = None, views: Sequence[tuple] = VIEWS
) -> UInt8[np.ndarray, "h w 3"]:
    """Orthographic views of the unit cube, the second axis up, side by side as RGB bytes.

    The points should lie densely on the surface. They are lit from the viewer, or have `colours` of their own.
    """
    return np.concatenate([draw_view(points, normals, colours, *angles) for angles in views], axis=1)


def draw_view(
    points: Points, normals: Points, colours: np.ndarray | None, around: float, up: float
) -> UInt8[np.ndarray, "h w 3"]:
    """One view; at each pixel the nearest of its points is visible."""
    right, above, towards = axes(np.radians(around), np.radians(up))
    centred, size = points - 0.5, SIZE * FINER
    scale = size / WIDTH
    column, row = (
        np.floor(size / 2 + sign * scale * (centred @ axis)).astype(int) for sign, axis in ((1, right), (-1, above))
    )
    depth = centred @ towards
    order = depth.argsort()
    order = order[((row > 0) & (row < size - 1) & (column > 0) & (column < size - 1))[order]]
    nearest = np.full((size, size), -1)
    for down in (-1, 0, 1):
        for along in (-1, 0, 1):
            seen = np.full((size, size), -1)
            seen[row[order] + down, column[order] + along] = order  # the last one written is the nearest
            closer = (seen >= 0) & ((nearest < 0) | (depth[seen] > depth[nearest]))
            nearest[closer] = seen[closer]
    if colours is None:
        light = 0.25 + 0.75 * np.abs(normals[nearest] @ towards)[..., None]
        picture = np.where(nearest[..., None] >= 0, light * MATTE, WHITE)
    else:
        picture = np.where(nearest[..., None] >= 0, colours[nearest], NIGHT)
    smooth = picture.reshape(SIZE, FINER, SIZE, FINER, 3).mean((1, 3))
    return np.round(smooth.clip(0, 1) * 255).astype(np.uint8)


def axes(around: float, up: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The unit vectors to the right, upwards and towards the viewer."""
    towards = np.array([np.sin(around) * np.cos(up), np.sin(up), np.cos(around) * np.cos(up)])
    right = np.array([np.cos(around), 0.0, -np.sin(around)])
    return right, np.cross(towards, right), towards
