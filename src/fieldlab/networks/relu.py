"""The ReLU multilayer perceptron, the baseline behind every encoding."""

from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.linear import hidden_layers


class ReLU(nn.Module):
    """`depth` layers max(0, W h + b) of `width`, then a linear layer.

    Weights of the hidden layers ~ N(0, 2 / fan_in), which keeps E[h^2] from layer to layer (He et al. 2015,
    arXiv:1502.01852); biases and the last layer as torch draws them.
    """

    def __init__(self, features: int, channels: int, *, width: int, depth: int) -> None:
        super().__init__()
        layers = hidden_layers(features, width=width, depth=depth)
        for linear in layers:
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        self.hidden = nn.ModuleList(layers)
        self.last = nn.Linear(width, channels)

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        for layer in self.hidden:
            h = layer(h).relu()
        return self.last(h)
