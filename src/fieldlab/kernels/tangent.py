"""The tangent kernel of a field (Jacot et al. 2018, arXiv:1806.07572), at the weights that were drawn."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, jacrev, jvp, vjp, vmap

from fieldlab.field import POINTS_AT_ONCE, Field
from fieldlab.kernels.feature_map import FeatureMap

JACOBIAN_ROWS = 64  # at once
TRIED = 3  # points, on which the sum over layers is held to products of slopes
Weights = dict[str, Tensor]


class Tangent(FeatureMap):
    """k(x, x') = <dg(x)/dtheta, dg(x')/dtheta> over all parameters theta, where g is the sum of the field's channels over their root.

    Channels have weights of their own in the last layer alone, so that in wide networks this is the mean of their kernels. Gradient descent with a small
    rate follows it as long as weights hardly move: what a field learns beyond it is learned features.

    Where every parameter belongs to a linear layer z = W h + b, k is a sum over layers of products of two Gram matrices,
    (<h, h'> + 1) <dg/dz, dg'/dz>, and no Jacobian is ever made. Of other fields Jacobians are, of few points.
    """

    most_jacobians = 1024  # points
    most_entries = 2**28  # of a Jacobian by one parameter tensor: two gigabytes

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.weights: Weights = {name: p.detach() for name, p in field.named_parameters()}
        self.layers = find_linear(field)
        self.tried = False  # whether the sum over layers is known to be the kernel

    def value(self, weights: Weights, x: Float[Tensor, "n dim"]) -> Float[Tensor, "n"]:
        """g."""
        values = functional_call(self.field, weights, (x,))
        return values.sum(-1) / math.sqrt(values.shape[-1])

    def pull(self, x: Float[Tensor, "n dim"], alpha: Float[Tensor, "n"]) -> Weights:
        total = {name: torch.zeros_like(weight) for name, weight in self.weights.items()}
        for points, share in zip(x.split(POINTS_AT_ONCE), alpha.split(POINTS_AT_ONCE), strict=True):
            back: Any = vjp(lambda weights, points=points: self.value(weights, points), self.weights)[1]
            [slopes] = back(share)
            total = {name: total[name] + slopes[name] for name in total}
        return total

    def push(self, x: Float[Tensor, "n dim"], theta: Weights) -> Float[Tensor, "n"]:
        blocks = x.split(POINTS_AT_ONCE)
        return torch.cat([jvp(lambda w, b=block: self.value(w, b), (self.weights,), (theta,))[1] for block in blocks])

    def can_write_down(self, points: int, most: int) -> bool:
        if self.layers:
            return points <= most
        largest = max((weight.numel() for weight in self.weights.values()), default=0)
        return points <= min(most, self.most_jacobians) and points * largest <= self.most_entries

    def agrees(self, x: Float[Tensor, "n dim"]) -> bool:
        """Whether the sum over layers is the kernel: not where other parts hold parameters, nor where a layer is used twice, or by its weights alone.

        It is tried once, on the first of these points.
        """
        if self.layers and not self.tried:
            self.tried = True
            self.layers = self.layers if self.is_sum(x[:TRIED]) else []
        return bool(self.layers)

    def is_sum(self, x: Float[Tensor, "n dim"]) -> bool:
        try:
            known = self.gram_by_layers(x)
        except (KeyError, RuntimeError):
            return False
        some = torch.linspace(1, 2, len(x), dtype=x.dtype)
        return torch.allclose(known @ some, self.push(x, self.pull(x, some)), rtol=1e-6)

    def gram(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "n n"]:
        return self.gram_by_layers(x) if self.agrees(x) else self.gram_by_jacobians(x)

    def gram_by_layers(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "n n"]:
        """The sum over linear layers."""
        inputs: dict[nn.Linear, Tensor] = {}
        outputs: dict[nn.Linear, Tensor] = {}

        def note(layer: nn.Linear, given: tuple[Tensor], made: Tensor) -> None:
            inputs[layer], outputs[layer] = given[0].detach(), made

        hooks = [layer.register_forward_hook(note) for layer in self.layers]
        try:
            with torch.enable_grad():
                weights = {name: weight.clone().requires_grad_() for name, weight in self.weights.items()}
                g = self.value(weights, x)
                slopes = torch.autograd.grad(g.sum(), [outputs[layer] for layer in self.layers])
        finally:
            for hook in hooks:
                hook.remove()
        total = x.new_zeros(len(x), len(x))
        for layer, slope in zip(self.layers, slopes, strict=True):
            h = inputs[layer]
            total += (h @ h.T + (layer.bias is not None)).mul_(slope @ slope.T)
        return total

    def gram_by_jacobians(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "n n"]:
        """The product of the Jacobian, one parameter tensor after the other, with its transpose."""
        total = x.new_zeros(len(x), len(x))
        for name in self.weights:

            def alone(weight: Tensor, point: Tensor, name: str = name) -> Tensor:
                return self.value({**self.weights, name: weight}, point[None])[0]

            rows = vmap(jacrev(alone), in_dims=(None, 0), chunk_size=JACOBIAN_ROWS)
            jacobian = rows(self.weights[name], x).flatten(1)
            total += (jacobian @ jacobian.mH).real
        return total


def find_linear(field: Field) -> Sequence[nn.Linear]:
    """The linear layers that hold all parameters of a field; none where other parts hold some."""
    layers = [part for part in field.modules() if isinstance(part, nn.Linear)]
    held = {id(parameter) for layer in layers for parameter in layer.parameters(recurse=False)}
    return layers if all(id(parameter) in held for parameter in field.parameters()) else []
