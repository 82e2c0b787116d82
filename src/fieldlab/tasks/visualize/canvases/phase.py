"""Phase: an image of a given magnitude spectrum, so that only where things are is optimised (MACO: Fel et al. 2023, arXiv:2306.06805)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.tasks.visualize.canvases.parameterization import Parameterization


class Phase(Parameterization):
    """standardised(irfft2(magnitude * exp(i phi))), phi ~ U(-pi, pi); magnitudes [c, h, w // 2 + 1] of `torch.fft.rfft2`.

    Each image has mean 0 and standard deviation `sd` over all of its values.
    """

    magnitude: Tensor

    def __init__(
        self,
        images: int,
        channels: int,
        size: tuple[int, int],
        *,
        magnitude: Float[Tensor, "c h k"],
        sd: float,
    ) -> None:
        super().__init__()
        wanted = (channels, size[0], size[1] // 2 + 1)
        if magnitude.shape != wanted:
            raise ValueError(f"magnitude is {list(magnitude.shape)}; this canvas needs {list(wanted)}")
        self.size = size
        self.sd = sd
        self.register_buffer("magnitude", magnitude)
        self.phase = nn.Parameter((torch.rand(images, *wanted) * 2 - 1) * torch.pi)

    def forward(self) -> Float[Tensor, "n c h w"]:
        images = torch.fft.irfft2(torch.polar(self.magnitude.expand_as(self.phase), self.phase), s=self.size)
        middle = images.mean((1, 2, 3), keepdim=True)
        spread = images.std((1, 2, 3), keepdim=True, correction=0)
        return (images - middle) / spread.clamp_min(torch.finfo(images.dtype).tiny) * self.sd

    @torch.no_grad()
    def write(self, images: Float[Tensor, "n c h w"]) -> None:
        """Set the phases to those of the images; their magnitudes are lost."""
        self.phase.copy_(torch.fft.rfft2(images).angle())
