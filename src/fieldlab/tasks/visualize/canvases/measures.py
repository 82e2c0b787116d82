"""Measures of images without a network: how their power is spread over frequencies, and whether they are flat."""

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.tasks.visualize.canvases.spectrum import frequencies

HIGH = 0.25  # cycles per pixel, above which a frequency counts as high
LOWEST_WAVES = 2  # across an image: the window blurs what is lower into the mean
FLAT = 0.02  # standard deviation within a channel, below which an image shows nothing


def power(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n h k"]:
    """|rfft2|^2 of each channel less its mean under a Hann window, summed over channels.

    The window keeps the edges of images that do not repeat from counting as high frequencies.
    """
    rows, columns = (torch.hann_window(size, periodic=False, device=images.device) for size in images.shape[2:])
    centred = images - images.mean((2, 3), keepdim=True)
    return torch.fft.rfft2(centred * rows[:, None] * columns).abs().square().sum(1)


def multiplicity(width: int, device: torch.device) -> Float[Tensor, "k"]:
    """The number of coefficients of a whole transform that each column of rfft2 stands for: most have a mirror image."""
    twice = torch.full((width // 2 + 1,), 2.0, device=device)
    twice[0] = 1
    if width % 2 == 0:
        twice[-1] = 1
    return twice


def high_frequency_share(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
    """The share of power above 0.25 cycles per pixel; white noise has 1 - pi/16 = 0.80. NaN of a constant image."""
    spectrum = power(images) * multiplicity(images.shape[3], images.device)
    high = frequencies(*images.shape[2:]).to(images.device) > HIGH
    return (spectrum * high).sum((1, 2)) / spectrum.sum((1, 2))


def spectral_slope(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
    """The slope of log power against log frequency, by least squares over rings one wave across the image wide, from two
    waves to 0.5 cycles per pixel; natural images have about -2. NaN of a constant image.

    White noise has a little more than 0 (0.05 at 64 x 64 pixels, one channel): the logarithm of a mean of few coefficients
    is low on average, and the lowest rings have the fewest.
    """
    size = min(images.shape[2:])
    f = frequencies(*images.shape[2:]).to(images.device)
    weight = multiplicity(images.shape[3], images.device).expand_as(f)
    rings = torch.arange(LOWEST_WAVES, size // 2 + 1, device=images.device)
    inside = (f * size).round() == rings[:, None, None]
    share = inside * weight / (inside * weight).sum((1, 2), keepdim=True)
    level = torch.einsum("nhk,rhk->nr", power(images), share).log()
    x = rings.float().log()
    x = x - x.mean()
    return (level * x).sum(1) / x.square().sum()


def is_flat(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
    """1 where no channel varies by a standard deviation of 0.02 within the image."""
    return (images.std((2, 3), correction=0).amax(1) < FLAT).float()
