"""Spectrum: frequencies of real images, and the amplitudes of natural images at them."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def frequencies(height: int, width: int) -> Float[Tensor, "h k"]:
    """|f| in cycles per pixel of `torch.fft.rfft2`'s coefficients, k = width // 2 + 1, odd widths included."""
    vertical, horizontal = torch.fft.fftfreq(height), torch.fft.rfftfreq(width)
    return torch.hypot(vertical[:, None], horizontal)


def spectrum_scale(height: int, width: int, decay_power: float) -> Float[Tensor, "h k"]:
    """sqrt(w h) / max(|f|, 1 / max(w, h))^decay_power (Olah et al. 2017, as in their code).

    With a power of 1 white coefficients become an image whose amplitudes fall as 1/|f|, as natural images' do; sqrt(w h)
    turns the inverse transform's 1 / (w h) into a unitary one.
    """
    lowest = 1 / max(width, height)
    return math.sqrt(width * height) / frequencies(height, width).clamp_min(lowest) ** decay_power
