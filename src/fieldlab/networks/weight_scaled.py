"""Weight scaling: any dense network with larger weights at the start, which learns faster (Yeom et al. 2024, arXiv:2410.04779)."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.dense import check_positive
from fieldlab.networks.linear import find_layers


class WeightScaled(nn.Module):
    """The `network` whose weights, but for the last layer's, begin as `scale` times what they would be; biases stay.

    The authors scale a SIREN's by 2.5, on a grey photo of 512 x 512. With 1 this is the network itself.
    """

    def __init__(self, features: int, channels: int, *, network: Callable[..., nn.Module], scale: float) -> None:
        check_positive(scale=scale)
        super().__init__()
        self.network = network(features, channels)
        with torch.no_grad():
            for linear in find_layers(self.network)[:-1]:
                linear.weight.mul_(scale)

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        return self.network(h)
