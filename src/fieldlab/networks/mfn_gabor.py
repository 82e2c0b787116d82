"""GaborNet: a multiplicative filter network of Gabor wavelets (Fathony et al. 2021, openreview.net/forum?id=OmtmcPkkhT), as in its code."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.dense import check_positive
from fieldlab.networks.linear import check_sizes
from fieldlab.networks.mfn import FilterNetwork
from fieldlab.networks.mfn_fourier import SineFilter
from fieldlab.networks.window import window


class GaborNet(FilterNetwork):
    """A `FilterNetwork` of filters sin(W x + b) exp(-gamma |x - mu|^2 / 2), which is a sum of such wavelets.

    mu ~ U(-1, 1), gamma ~ Gamma(alpha / (depth + 1), rate beta), both trained; W as for `FourierNet`, each row times the root of its gamma:
    wide wavelets are slow. For coordinates in [-1, 1].
    """

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        width: int,
        depth: int,
        input_scale: float,
        weight_scale: float,
        alpha: float,
        beta: float,
    ) -> None:
        check_sizes(width, depth)
        check_positive(input_scale=input_scale, alpha=alpha, beta=beta)
        scale = input_scale / math.sqrt(depth + 1)
        filters = [GaborFilter(features, width, scale, alpha / (depth + 1), beta) for _ in range(depth + 1)]
        super().__init__(channels, width=width, weight_scale=weight_scale, filters=filters)


class GaborFilter(nn.Module):
    """x -> sin(W x + b) exp(-gamma |x - mu|^2 / 2)."""

    def __init__(self, features: int, width: int, scale: float, shape: float, rate: float) -> None:
        super().__init__()
        self.sine = SineFilter(features, width, scale)
        self.mu = nn.Parameter(torch.empty(width, features).uniform_(-1, 1))
        self.gamma = nn.Parameter(torch.distributions.Gamma(shape, rate).sample((width,)))
        with torch.no_grad():
            self.sine.linear.weight.mul_(self.gamma.sqrt()[:, None])

    def forward(self, x: Float[Tensor, "*n features"]) -> Float[Tensor, "*n width"]:
        distance = (x[..., None, :] - self.mu).square().sum(-1)
        return self.sine(x) * window(-self.gamma * distance / 2)
