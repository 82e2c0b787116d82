"""FINER: sines whose frequency grows with their argument (Liu et al. 2024, arXiv:2312.02434), as in the authors' code."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.config.open import Frequency
from fieldlab.networks.dense import Dense, check_positive, draw_for_sines
from fieldlab.networks.linear import find_layers


class Finer(Dense):
    """`depth` layers sin(omega_0 (|z| + 1) z), z = W h + b, of `width`, then a linear layer.

    Weights as in `Siren`; biases as torch draws them, but those of the first layer ~ U(-first_bias, first_bias) where `first_bias` is not
    null: the larger, the higher the frequencies that are within reach. The authors take null for images, 1 for signed distances.
    `detached` leaves the factor |z| + 1 out of gradients, as their code does and the paper does not say. Then the gradient is not the
    slope, so that derivatives cannot be supervised; with false they can, and the second one jumps where z = 0.
    """  # omega_0 are buffers: members with different omega_0 still stack

    first_omega_0: Tensor
    hidden_omega_0: Tensor

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        width: int,
        depth: int,
        first_omega_0: Frequency,
        hidden_omega_0: float,
        first_bias: float | None,
        detached: bool,
    ) -> None:
        check_positive(first_omega_0=first_omega_0, hidden_omega_0=hidden_omega_0)
        super().__init__(features, channels, width=width, depth=depth, draw=None)
        draw_for_sines(self, hidden_omega_0)
        draw_first_bias(self, first_bias)
        self.detached = detached
        self.register_buffer("first_omega_0", torch.tensor(float(first_omega_0)))
        self.register_buffer("hidden_omega_0", torch.tensor(float(hidden_omega_0)))

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        omega_0 = self.hidden_omega_0 if layer else self.first_omega_0
        return torch.sin(omega_0 * stretch(z, detached=self.detached))


def stretch(z: Float[Tensor, "*n"], *, detached: bool) -> Float[Tensor, "*n"]:
    """(|z| + 1) z, perhaps as if the factor were a constant."""
    return ((z.detach() if detached else z).abs() + 1) * z


def draw_first_bias(network: nn.Module, bound: float | None) -> None:
    """Biases of the first layer ~ U(-bound, bound), unless bound is null.

    Raises:
        ValueError: a bound that is not positive.
    """
    if bound is not None:
        check_positive(first_bias=bound)
        nn.init.uniform_(find_layers(network)[0].bias, -bound, bound)
