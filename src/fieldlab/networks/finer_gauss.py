"""FINER++ with Gaussians, the authors' GF (Zhu et al. 2024, arXiv:2407.19434)."""

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.networks.dense import Dense, check_positive
from fieldlab.networks.finer import draw_first_bias, stretch
from fieldlab.networks.window import window


class FinerGauss(Dense):
    """`depth` layers exp(-(scale (|z| + 1) z)^2), z = W h + b, of `width`, then a linear layer; weights as torch draws them.

    As in the paper. Its code takes the sine of (|z| + 1) z first, which changes little near 0, and in the stored version forgets to
    return what it has activated. `first_bias` and `detached` as for `Finer`.
    """

    scale: Tensor

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        width: int,
        depth: int,
        scale: float,
        first_bias: float | None,
        detached: bool,
    ) -> None:
        check_positive(scale=scale)
        super().__init__(features, channels, width=width, depth=depth, draw=None)
        draw_first_bias(self, first_bias)
        self.detached = detached
        self.register_buffer("scale", torch.tensor(float(scale)))

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        return window(-((self.scale * stretch(z, detached=self.detached)) ** 2))
