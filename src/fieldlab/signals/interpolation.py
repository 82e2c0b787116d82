"""Cubic interpolation from the true positions of the training samples, the reference for every held-out PSNR."""

import numpy as np
import torch
from jaxtyping import Float
from scipy.interpolate import griddata
from scipy.ndimage import map_coordinates, spline_filter
from scipy.spatial import QhullError
from torch import Tensor

from fieldlab.signals.grid import Grid
from fieldlab.signals.splits import Split


def interpolate(signal: Grid, split: Split) -> Float[Tensor, "*grid c"] | None:
    """The samples of the grid from the training samples alone; None where none is held out, or there is no method."""
    if not split.held_out:
        return None
    everywhere = np.indices(signal.grid).reshape(signal.dim, -1).T
    values = cubic(signal, split, everywhere)
    return None if values is None else values.unflatten(0, signal.grid)


def cubic(signal: Grid, split: Split, at: Float[np.ndarray, "n dim"] | np.ndarray) -> Float[Tensor, "n c"] | None:
    """The signal at sample positions, fractional ones too, from the training samples alone.

    Training samples on a lattice: cubic B-spline interpolation per axis ("bicubic" for an image), mirrored at
    the border. Scattered in one or two dimensions: piecewise cubic on a triangulation (Clough-Tocher), nearest
    outside their hull. Scattered in three dimensions, or too few samples: None.
    """
    planes = signal.values.double().movedim(-1, 0).numpy()
    if split.lattice is not None:
        values = [interpolate_lattice(plane, split.lattice, at) for plane in planes]
    elif signal.dim <= 2:
        known = np.argwhere(split.train.view(signal.grid).numpy())
        try:
            values = [interpolate_scattered(plane, known, at) for plane in planes]
        except (ValueError, QhullError):  # too few samples for a triangulation or a cubic
            return None
    else:
        return None
    return torch.from_numpy(np.stack(values, axis=-1).astype(np.float32))


def interpolate_lattice(plane: np.ndarray, strides: tuple[int, ...], at: np.ndarray) -> np.ndarray:
    known = plane[tuple(slice(None, None, stride) for stride in strides)]
    weights = spline_filter(known, order=3, mode="mirror")
    return map_coordinates(weights, (at / np.array(strides)).T, order=3, mode="mirror", prefilter=False)


def interpolate_scattered(plane: np.ndarray, known: np.ndarray, at: np.ndarray) -> np.ndarray:
    values = plane[tuple(known.T)]
    smooth = griddata(known, values, at, method="cubic").reshape(len(at))
    nearest = griddata(known, values, at, method="nearest").reshape(len(at))
    return np.where(np.isnan(smooth), nearest, smooth)
