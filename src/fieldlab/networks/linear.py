"""A linear layer that reads coordinates and therefore never computes in half precision."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class FirstLinear(nn.Linear):
    """W x + b in float32 under any autocast: the 8 bits of bfloat16 cannot tell 257 pixels apart."""

    def forward(self, input: Float[Tensor, "*n i"]) -> Float[Tensor, "*n o"]:
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.to(self.weight.dtype))
