"""Memory: fixed fields of pictures, read anywhere."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.field import POINTS_AT_ONCE, Ensemble
from fieldlab.metrics import psnr
from fieldlab.tasks.roll.warps.wrap import Untouched, Wrap

SIDES = ((1.0, 0.0), (0.0, 1.0))


class Memory(nn.Module):
    """Phi_1, …, Phi_n of n pictures of one size, the centres of whose pixels are the `frame`."""

    frame: Tensor

    def __init__(self, fields: Ensemble, frame: Float[Tensor, "p 2"]) -> None:
        super().__init__()
        self.fields = fields.requires_grad_(False)
        self.register_buffer("frame", frame)

    def forward(self, x: Float[Tensor, "b p 2"]) -> Float[Tensor, "b p c"]:
        """The fields' values at these points; entry i is read from field i mod n."""
        n, (b, p, _) = self.fields.members, x.shape
        by_picture = x.unflatten(0, (b // n, n)).transpose(0, 1).flatten(1, 2)
        return self.fields(by_picture).unflatten(1, (b // n, p)).transpose(0, 1).flatten(0, 1)

    def repeats(self, wrap: Wrap) -> bool:
        """Whether the pictures are the same when shifted by a whole side."""
        here = self.roll(self.frame.new_zeros(2), wrap)
        return all(torch.allclose(self.roll(self.frame.new_tensor(side), wrap), here, atol=1e-2) for side in SIDES)

    def psnr(self, pictures: Float[Tensor, "n p c"]) -> float:
        """The mean PSNR in dB of the unshifted fields, over all pixels."""
        seen, wanted = self.roll(self.frame.new_zeros(2), Untouched()), pictures.to(self.frame)
        return psnr(seen, wanted, torch.ones(seen.shape[:2], dtype=torch.bool, device=seen.device)).mean().item()

    def roll(self, shift: Float[Tensor, "2"], wrap: Wrap) -> Float[Tensor, "n p c"]:
        """The pictures, each rolled by this shift in sides."""
        x = wrap(self.frame - shift.to(self.frame)).expand(self.fields.members, -1, -1)
        return torch.cat([self(part) for part in x.split(POINTS_AT_ONCE, dim=1)], dim=1)
