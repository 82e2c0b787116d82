"""What methods without a network make of measurements, by scikit-image, SciPy and Pillow: the rows that a field has to beat.

They see the measurements and how these were taken, and nothing else; strengths are chosen from measurements alone.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from PIL import Image
from skimage.restoration import (
    calibrate_denoiser,
    denoise_nl_means,
    denoise_tv_chambolle,
    inpaint_biharmonic,
    unsupervised_wiener,
)
from skimage.transform import iradon, iradon_sart
from torch import Tensor

from fieldlab.signals.grid import Grid
from fieldlab.signals.interpolation import interpolate
from fieldlab.signals.splits import Split

Pictures = Mapping[str, Float[Tensor, "h v c"]]
STRENGTHS = np.geomspace(0.01, 0.5, 9)  # among which a denoiser's is chosen
DENOISERS: dict[
    str, tuple[str, Callable[..., np.ndarray]]
] = {  # by name: what its strength is called, and what it does
    "total variation": ("weight", denoise_tv_chambolle),
    "non-local means": ("h", functools.partial(denoise_nl_means, patch_size=5, patch_distance=6)),
}
ROUNDS = 2  # of SART


def denoise(noisy: Float[Tensor, "h v c"]) -> Pictures:
    """Total variation (Chambolle 2004) and non-local means (Buades et al. 2005), each of the strength that predicts pixels best from the
    others (Batson & Royer 2019)."""
    grey = noisy.shape[-1] == 1
    picture, found = noisy.double().squeeze(-1).numpy() if grey else noisy.double().numpy(), {}
    for name, (strength, method) in DENOISERS.items():
        method = functools.partial(method, channel_axis=None if grey else -1)
        tried: Any = calibrate_denoiser(picture, method, {strength: STRENGTHS.tolist()}, extra_output=True)
        parameters, losses = tried[1]
        found[name] = torch.from_numpy(method(picture, **parameters[int(np.argmin(losses))])).float().view_as(noisy)
    return found


def fill(measured: Float[Tensor, "k c"], seen: Bool[Tensor, "h v"]) -> Pictures:
    """Biharmonic inpainting (Damelin & Hoang 2018), and cubic interpolation on the triangles between pixels that are seen."""
    known = torch.zeros(*seen.shape, measured.shape[1])
    known[seen] = measured
    smooth = inpaint_biharmonic(known.double().numpy(), ~seen.numpy(), channel_axis=-1)
    split = Split(seen.flatten(), torch.zeros(seen.numel(), dtype=torch.bool), ~seen.flatten(), lattice=None)
    cubic = interpolate(Grid("", known, "centers"), split)
    return {"biharmonic": torch.from_numpy(smooth).float()} | ({} if cubic is None else {"cubic": cubic})


def deconvolve(blurred: Float[Tensor, "h v c"], offsets: Int[Tensor, "j 2"], kernel: Float[Tensor, "j"]) -> Pictures:
    """Wiener's filter, whose prior and noise are estimated from the picture (Orieux et al. 2010)."""
    reach = int(offsets.abs().max())
    window = np.zeros((2 * reach + 1, 2 * reach + 1))
    window[tuple((reach - offsets).T.numpy())] = kernel.double().numpy()  # a convolution turns its kernel around
    margin, channels = 2 * reach, []  # the filter takes a picture for periodic, and its border is not
    for channel in blurred.unbind(-1):
        wide = np.pad(channel.double().numpy(), margin, mode="symmetric")
        sharp = np.asarray(unsupervised_wiener(wide, window, clip=False, rng=0)[0])
        channels.append(sharp[margin:-margin, margin:-margin])
    return {"Wiener": torch.from_numpy(np.stack(channels, axis=-1)).float()}


def enlarge(coarse: Float[Tensor, "i j c"], grid: tuple[int, ...]) -> Pictures:
    """Cubic and Lanczos interpolation, pixels as cells."""
    size = (grid[1], grid[0])
    methods = {"bicubic": Image.Resampling.BICUBIC, "Lanczos": Image.Resampling.LANCZOS}
    found = {}
    for name, method in methods.items():
        channels = [Image.fromarray(channel.float().numpy()).resize(size, method) for channel in coarse.unbind(-1)]
        found[name] = torch.from_numpy(np.stack([np.asarray(channel) for channel in channels], axis=-1).copy())
    return found


def reconstruct(sinogram: Float[Tensor, "r a"], theta: np.ndarray) -> Pictures:
    """Filtered back projection with a ramp filter, and SART (Andersen & Kak 1984)."""
    rays = sinogram.double().numpy()
    found = {"filtered back projection": iradon(rays, theta=theta, filter_name="ramp", circle=True)}
    picture = None
    for _ in range(ROUNDS):
        picture = iradon_sart(rays, theta=theta, image=picture)
    found["SART"] = np.asarray(picture)
    return {name: torch.from_numpy(values).float().unsqueeze(-1) for name, values in found.items()}
