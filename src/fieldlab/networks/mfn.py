"""Multiplicative filter networks: products of filters of the features in place of nested activations (Fathony et al. 2021)."""

import math
from abc import ABC
from collections.abc import Iterator, Sequence

from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.dense import check_positive
from fieldlab.networks.linear import find_layers


class FilterNetwork(nn.Module, ABC):
    """z_0 = g_0(x), z_i = (W_i z_(i-1) + b_i) g_i(x) for i = 1 … depth, then a linear layer; x are the features, g_i filters of them.

    W_i ~ U(-sqrt(weight_scale / width), sqrt(weight_scale / width)); biases and the last layer as torch draws them.
    """

    def __init__(self, channels: int, *, width: int, weight_scale: float, filters: Sequence[nn.Module]) -> None:
        super().__init__()
        check_positive(weight_scale=weight_scale)
        self.filters = nn.ModuleList(filters)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in filters[1:])
        self.last = nn.Linear(width, channels)
        bound = math.sqrt(weight_scale / width)
        for linear in find_layers(self.hidden):
            nn.init.uniform_(linear.weight, -bound, bound)

    def hidden_weights(self) -> Iterator[Tensor]:
        return (linear.weight for linear in find_layers(self.hidden))

    def forward(self, x: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        z = self.filters[0](x)
        for linear, filtered in zip(self.hidden, self.filters[1:], strict=True):
            z = linear(z) * filtered(x)
        return self.last(z)
