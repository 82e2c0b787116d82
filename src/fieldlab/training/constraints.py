"""Constraints: relations that a field must fulfil at points. A task's loss is a sum of them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.errors import suggest
from fieldlab.expressions import Expression
from fieldlab.operators import AXES, FUNCTIONS, OPERATORS, Function, value_and_gradient
from fieldlab.signals.regions import SPACE


class Points(NamedTuple):
    """Points of one region, and what is known there: `data["target"]` [m, n, c] and the like.

    `share` is what makes the mean over devices of their means the mean over all points; 1 on one device. `weights` are how much
    each point counts; None where all count alike.
    """

    x: Float[Tensor, "m n dim"]
    data: Mapping[str, Tensor]
    share: float = 1.0
    weights: Float[Tensor, "m n"] | None = None


Residual = Callable[[Function, Points], Tensor]
LookUp = Callable[[Function, Points], Tensor]  # what a task knows of a field at points of its own


class Constraint(nn.Module):
    """weight * mean |residual|^2 (`squared`) or mean |residual| (`absolute`), by member.

    The mean is over the points of a `region`, or of several together, and over the residual's components. `residual` is
    what should vanish: an expression of operators (value, gradient, hessian, laplacian, divergence), of what the signal
    knows (target, target_gradient, …) and of the coordinates x0, x1, x2, like `laplacian + 20**2 * value`; or a
    function (field, points) -> [m, n, …] that calls `fieldlab.operators` itself.

    Raises:
        ValueError: a weight that is not positive, no region, an expression that is none.
    """

    def __init__(
        self,
        *,
        region: str | list[str],
        residual: str | Callable[..., Tensor],
        norm: Literal["squared", "absolute"],
        weight: float,
    ) -> None:
        super().__init__()
        if weight <= 0:
            raise ValueError(f"weight must be positive, not {weight}")
        if not region:
            raise ValueError("region needs a name")
        self.regions = [region] if isinstance(region, str) else region
        self.residual = Expression(residual, FUNCTIONS) if isinstance(residual, str) else residual
        self.norm = norm
        self.weight = weight

    @property
    def is_function(self) -> bool:
        """Whether the residual is a function, which does not say what it reads."""
        return not isinstance(self.residual, Expression)

    @property
    def names(self) -> list[str]:
        """What the expression mentions; nothing is known of a function."""
        return self.residual.names if isinstance(self.residual, Expression) else []

    @property
    def differentiates(self) -> bool:
        """Whether derivatives of the field may be asked for."""
        return self.is_function or bool({*self.names} & (OPERATORS.keys() - {"value"}))

    @property
    def bends(self) -> bool:
        """Whether second derivatives of the field are mentioned."""
        return bool({*self.names} & {"laplacian", "hessian"})

    def forward(self, reading: "Reading") -> Float[Tensor, "m"]:
        sums, count = [], 0.0
        for region in self.regions:
            points = reading.batch[region]
            cost = weigh(self.cost(reading, region), points.weights).flatten(1)
            sums.append(cost.sum(1))  # of this device
            count += cost.shape[1] / points.share  # in proportion, of an equal part of all devices'
        return self.weight / count * torch.stack(sums).sum(0)

    def cost(self, reading: "Reading", region: str) -> Float[Tensor, "m ..."]:
        """What the norm makes of the residual at every point of a region."""
        if isinstance(self.residual, Expression):
            residual = self.residual(*(reading(name, region) for name in self.names))
        else:
            residual = self.residual(reading.field, reading.batch[region])
        return residual.square() if self.norm == "squared" else residual.abs()


def weigh(cost: Float[Tensor, "m n ..."], weights: Float[Tensor, "m n"] | None) -> Float[Tensor, "m n ..."]:
    """What a cost comes to at each point, by how much the point counts."""
    return cost if weights is None else cost * weights.view(*weights.shape, *[1] * (cost.ndim - 2))


class Reading:
    """What a batch says of a field: operators, coordinates and data by name and region, each computed once.

    Where the gradient of a region is wanted, its value comes along.
    """

    def __init__(
        self,
        field: Function,
        batch: Mapping[str, Points],
        sloped: Collection[str] = (),
        look_ups: Mapping[str, LookUp] = MappingProxyType({}),
    ) -> None:
        self.field = field
        self.batch = batch
        self.look_ups = look_ups
        self.read: dict[tuple[str, str], Tensor] = {}
        for region in sloped:
            pair = value_and_gradient(field, batch[region].x)
            self.read[region, "value"], self.read[region, "gradient"] = pair

    def __call__(self, name: str, region: str) -> Tensor:
        if (region, name) not in self.read:
            self.read[region, name] = self.look_up(name, self.batch[region])
        return self.read[region, name]

    def look_up(self, name: str, points: Points) -> Tensor:
        if name in OPERATORS:
            return OPERATORS[name](self.field, points.x)
        if name in AXES:
            return points.x[..., AXES.index(name)].unsqueeze(-1)
        if name in self.look_ups:
            return self.look_ups[name](self.field, points)
        return points.data[name]


def find_sloped(constraints: Iterable[Constraint]) -> list[str]:
    """The regions where both value and gradient of the field are asked for."""
    asked: dict[str, set[str]] = {}
    for constraint in constraints:
        for region in constraint.regions:
            asked.setdefault(region, set()).update(constraint.names)
    return [region for region, names in asked.items() if {"value", "gradient"} <= names]


def check_constraints(
    constraints: Mapping[str, Constraint], regions: Collection[str], data: Collection[str], dim: int
) -> None:
    """Hold regions and names against what there is.

    Raises:
        ValueError: one that is unknown.
    """
    for key, constraint in constraints.items():
        for region in constraint.regions:
            if region not in regions:
                raise ValueError(
                    f"constraints.{key}.region: there is no region {region}{suggest(region, list(regions))}"
                )
        known = [*OPERATORS, *AXES[:dim], *data]
        for name in constraint.names:
            if name not in known:
                raise ValueError(
                    f"constraints.{key}.residual: {name} is no operator, and nothing this signal knows"
                    f"{suggest(name, known)}"
                )
            if name in data and SPACE in constraint.regions:
                raise ValueError(f"constraints.{key}.residual: {name} is known at samples, and not in all of space")
