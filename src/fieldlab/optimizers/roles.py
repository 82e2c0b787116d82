"""Roles: which parameters are weight matrices of a network's hidden layers, which of its edge, and which are neither."""

import typing
from collections.abc import Iterable
from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor, nn

Role = Literal["hidden", "edge", "other"]
ROLES: tuple[Role, ...] = typing.get_args(Role)


@runtime_checkable
class NamesHidden(Protocol):
    """A module that says itself which of its weights are hidden."""

    def hidden_weights(self) -> Iterable[Tensor]:
        """Its parameters that are matrices, [..., rows, cols], between its first and its last layer."""
        ...


def group_by_role(module: nn.Module) -> list[dict[str, Any]]:
    """The parameters of a module as an optimiser's groups, one for each role, each perhaps empty.

    `hidden` are the weights of all linear layers but the first and the last, in the order in which they were assigned, or
    those that a submodule names, see `NamesHidden`; `edge` those of the other linear layers; `other` is all else, biases
    and tables too. Shapes say nothing: parameters of members that are stacked have one axis more.

    Raises:
        ValueError: a hidden weight that is no parameter, or no matrix.
    """
    parameters = list(module.parameters())
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    linear = [
        dict(layer.named_parameters(recurse=False)).get("weight") for layer in layers
    ]  # None: a function of others
    naming = [part for part in module.modules() if isinstance(part, NamesHidden)]
    hidden = [weight for part in naming for weight in part.hidden_weights()] if naming else linear[1:-1]
    of = {id(weight): "edge" for weight in linear} | {id(weight): "hidden" for weight in hidden}
    groups = [{"role": role, "params": [p for p in parameters if of.get(id(p), "other") == role]} for role in ROLES]
    found = groups[0]["params"]
    if naming and (len(found) < len(hidden) or any(weight.ndim < 2 for weight in found)):
        raise ValueError("hidden_weights() should name parameters of its module that are matrices, each once")
    return groups
