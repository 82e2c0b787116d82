"""The yardstick beside every held-out PSNR: cubic interpolation from the true positions of the training samples."""

import numpy as np
import torch
from jaxtyping import Float
from scipy.interpolate import griddata
from scipy.ndimage import map_coordinates
from scipy.spatial import QhullError
from torch import Tensor

from fieldlab.signals.grid import Signal
from fieldlab.signals.splits import Split


def interpolate(signal: Signal, split: Split) -> Float[Tensor, "*grid c"] | None:
    """Every sample of the grid from the training samples alone, or None where there is no cubic method.

    Training samples on a lattice: cubic B-spline interpolation per axis ("bicubic" for an image), mirrored at
    the border. Scattered in one or two dimensions: piecewise cubic on a triangulation (Clough-Tocher), nearest
    outside their hull. Everything trained, scattered in three dimensions, or too few samples: None.
    """
    if not split.held_out:
        return None
    if split.lattice is not None:
        planes = [from_lattice(plane, split.lattice) for plane in channels(signal)]
    elif signal.dim <= 2:
        known = np.argwhere(split.train.view(signal.grid).numpy())
        try:
            planes = [from_scattered(plane, known) for plane in channels(signal)]
        except (ValueError, QhullError):  # too few samples for a triangulation or a cubic
            return None
    else:
        return None
    return torch.from_numpy(np.stack(planes, axis=-1).astype(np.float32))


def channels(signal: Signal) -> list[np.ndarray]:
    return list(signal.values.double().movedim(-1, 0).numpy())


def from_lattice(plane: np.ndarray, strides: tuple[int, ...]) -> np.ndarray:
    known = plane[tuple(slice(None, None, stride) for stride in strides)]
    at = np.meshgrid(
        *(np.arange(size) / stride for size, stride in zip(plane.shape, strides, strict=True)), indexing="ij"
    )
    return map_coordinates(known, at, order=3, mode="mirror")


def from_scattered(plane: np.ndarray, known: np.ndarray) -> np.ndarray:
    everywhere = np.argwhere(np.ones_like(plane))
    values = plane[tuple(known.T)]
    smooth = griddata(known, values, everywhere, method="cubic").reshape(plane.shape)
    nearest = griddata(known, values, everywhere, method="nearest").reshape(plane.shape)
    return np.where(np.isnan(smooth), nearest, smooth)
