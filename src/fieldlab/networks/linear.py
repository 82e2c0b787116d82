"""Linear layers of multilayer perceptrons; the one that reads coordinates never computes in half precision."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn

COORDINATES = 3  # as many inputs may be coordinates


class FirstLinear(nn.Linear):
    """W x + b in float32 under any autocast: the 8 bits of bfloat16 cannot tell 257 pixels apart.

    Nor can the 11 of TF32 tell 2,049, in which a GPU may be told to compute products: those with coordinates are sums there. On a
    CPU torch computes products with so few inputs exactly, whatever it is told.
    """

    def forward(self, input: Float[Tensor, "*n i"]) -> Float[Tensor, "*n o"]:
        with torch.autocast(input.device.type, enabled=False):
            x = input.to(self.weight.dtype)
            if x.is_cuda and x.shape[-1] <= COORDINATES:
                return (x[..., None, :] * self.weight).sum(-1) + self.bias
            return super().forward(x)


def hidden_layers(features: int, *, width: int, depth: int) -> list[nn.Linear]:
    """`depth` linear layers of `width`, as torch draws them; the first one reads the features in float32.

    Raises:
        ValueError: no layer, or one of no width.
    """
    check_sizes(width, depth)
    sizes = itertools.pairwise([features] + [width] * depth)
    return [nn.Linear(i, o) if layer else FirstLinear(i, o) for layer, (i, o) in enumerate(sizes)]


def find_layers(network: nn.Module) -> list[nn.Linear]:
    """The linear layers of a dense network, in the order in which they were assigned."""
    return [part for part in network.modules() if isinstance(part, nn.Linear)]


def check_sizes(width: int, depth: int) -> None:
    """Raise a ValueError where there is no layer, or one of no width."""
    if width < 1 or depth < 1:
        raise ValueError(f"width and depth must be at least 1, not {width} and {depth}")
