"""The pictures of a fit: target, reconstruction and error map."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from fieldlab.signals.grid import Grid
from fieldlab.signals.medium import Layout
from fieldlab.signals.pictures import picture

ERROR_LIMIT = 0.25  # absolute error that the error map shows as its brightest colour


def save_reconstruction(folder: Path, signal: Grid, values: Float[Tensor, "*grid c"]) -> None:
    """Write target.png, reconstruction.png and error.png, and what the signal's `medium` writes.

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
    """Write the reconstruction in original units as its medium has it, an array by default; the target too where it lasts."""
    if signal.medium is None and signal.span is None:
        return
    medium = signal.medium or Layout(None if signal.channels == 1 else -1)
    low, high = signal.span or (0.0, 1.0)
    medium.save(folder / f"reconstruction{medium.suffix}", low + (high - low) * values.double().numpy())
    if medium.duration is not None:
        medium.save(folder / f"target{medium.suffix}", low + (high - low) * signal.values.double().numpy())
