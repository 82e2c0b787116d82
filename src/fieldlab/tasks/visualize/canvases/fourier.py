"""Fourier: coefficients of an image, scaled as natural images' are (Olah et al. 2017, distill.pub/2017/feature-visualization)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.tasks.visualize.canvases.parameterization import Parameterization
from fieldlab.tasks.visualize.canvases.spectrum import spectrum_scale


class Fourier(Parameterization):
    """irfft2(scale * z) / gain with real and imaginary parts of z ~ N(0, sd^2), and `spectrum_scale` of `decay_power`.

    Descent in z is descent in the image preconditioned by the square of the scale: low frequencies move first. The
    authors' code has a gain of 4 and an sd of 0.01.
    """

    scale: Tensor

    def __init__(
        self,
        images: int,
        channels: int,
        size: tuple[int, int],
        *,
        decay_power: float,
        gain: float,
        sd: float,
    ) -> None:
        super().__init__()
        if gain <= 0:
            raise ValueError(f"gain must be positive, not {gain}")
        self.size = size
        self.register_buffer("scale", spectrum_scale(*size, decay_power) / gain)
        self.coefficients = nn.Parameter(torch.randn(images, channels, *self.scale.shape, 2) * sd)

    def forward(self) -> Float[Tensor, "n c h w"]:
        return torch.fft.irfft2(self.scale * torch.view_as_complex(self.coefficients), s=self.size)

    @torch.no_grad()
    def write(self, images: Float[Tensor, "n c h w"]) -> None:
        self.coefficients.copy_(torch.view_as_real(torch.fft.rfft2(images) / self.scale))
