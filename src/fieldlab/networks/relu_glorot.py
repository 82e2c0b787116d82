"""The ReLU network of the Fourier features paper (Tancik et al. 2020, arXiv:2006.10739)."""

from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.relu import ReLU


class GlorotReLU(nn.Module):
    """The layers of `ReLU`, drawn for the paper: weights ~ N(0, 2 / (fan_in + fan_out))
    (Glorot and Bengio 2010), biases ~ N(0, bias_std^2), the last layer like the others. JAX's initialiser, which the
    paper's code calls, cuts that normal at two of its deviations and widens it to the same variance; this one does not.
    """

    def __init__(self, features: int, channels: int, *, width: int, depth: int, bias_std: float) -> None:
        super().__init__()
        if bias_std < 0:
            raise ValueError(f"bias_std must not be negative, but is {bias_std}")
        self.relu = ReLU(features, channels, width=width, depth=depth)
        for linear in [*self.relu.hidden, self.relu.last]:
            nn.init.xavier_normal_(linear.weight)
            nn.init.normal_(linear.bias, std=bias_std)

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        return self.relu(h)
