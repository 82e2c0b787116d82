"""Linear layers of multilayer perceptrons; the one that reads coordinates never computes in half precision."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn


class FirstLinear(nn.Linear):
    """W x + b in float32 under any autocast: the 8 bits of bfloat16 cannot tell 257 pixels apart."""

    def forward(self, input: Float[Tensor, "*n i"]) -> Float[Tensor, "*n o"]:
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.to(self.weight.dtype))


def hidden_layers(features: int, *, width: int, depth: int) -> list[nn.Linear]:
    """`depth` linear layers of `width`, as torch draws them; the first one reads the features in float32.

    Raises:
        ValueError: no layer, or one of no width.
    """
    if width < 1 or depth < 1:
        raise ValueError(f"width and depth must be at least 1, not {width} and {depth}")
    sizes = itertools.pairwise([features] + [width] * depth)
    return [nn.Linear(i, o) if layer else FirstLinear(i, o) for layer, (i, o) in enumerate(sizes)]
