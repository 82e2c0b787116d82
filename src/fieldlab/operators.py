"""Operators: what a field and its derivatives are at points, in canonical units: per side of the unit cube.

Each takes a function of points that treats every point by itself, x [*n, dim] -> [*n, *values]: a field, an ensemble
([m, n, dim] -> [m, n, c]) or another operator, as in `divergence(partial(gradient, field), x)`. All are exact, can be
differentiated again, also with respect to parameters, and can be compiled, in which `torch.autograd.grad` with
`create_graph` fails.
"""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import vjp

Function = Callable[[Tensor], Tensor]


def value(field: Function, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "..."]:
    """Phi(x), [*n, c] of a field."""
    return field(x)


def gradient(field: Function, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "... dim"]:
    """d Phi_i / d x_j of every channel along every axis, [*n, c, dim] of a field."""
    return value_and_gradient(field, x)[1]


def value_and_gradient(
    field: Function, x: Float[Tensor, "*n dim"]
) -> tuple[Float[Tensor, "..."], Float[Tensor, "... dim"]]:
    """Phi(x) and d Phi_i / d x_j, for little more than the gradient alone."""
    y, pull = pullback(field, x)
    values, dim = y.shape[x.ndim - 1 :], x.shape[-1]
    if (
        values.numel() >= dim
    ):  # a push costs what a pull costs, and is cheaper to differentiate: scripts/benchmark.py modes
        push = pushforward(y, pull)
        return y, torch.stack([push(axis) for axis in axes(x)], dim=-1)
    flat = y.flatten(x.ndim - 1) if values else y[..., None]
    rows = [pull(one_hot(flat, i).view_as(y)) for i in range(flat.shape[-1])]
    return y, torch.stack(rows, dim=-2).unflatten(-2, values) if values else rows[0]


jacobian = gradient  # the same matrix, by the name it has for a map from space to space


def hessian(field: Function, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "... dim dim"]:
    """d2 Phi_i / d x_j d x_k, [*n, c, dim, dim] of a field."""
    return gradient(partial(gradient, field), x)


def divergence(field: Function, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "..."]:
    """sum_j d V_j / d x_j over the last axis of the values, which is as long as there are coordinates.

    [*n] of a field with c = dim channels, [*n, c] of the gradient of any field.

    Raises:
        ValueError: values whose last axis is of another length.
    """
    v, pull = pullback(field, x)
    dim = x.shape[-1]
    if v.ndim < x.ndim or v.shape[-1] != dim:
        raise ValueError(f"a divergence needs a component for each of {dim} axes, not {list(v.shape[x.ndim - 1 :])}")
    push = pushforward(v, pull)
    return torch.stack([push(axis)[..., j] for j, axis in enumerate(axes(x))]).sum(0)


def laplacian(field: Function, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "..."]:
    """sum_j d2 Phi_i / d x_j^2, [*n, c] of a field."""
    return divergence(partial(gradient, field), x)


OPERATORS: dict[str, Callable[[Function, Tensor], Tensor]] = {
    operator.__name__: operator for operator in (value, gradient, hessian, divergence, laplacian)
} | {"jacobian": jacobian}
AXES: tuple[str, ...] = ("x0", "x1", "x2")  # a coordinate by itself in expressions, [*n, 1]
FUNCTIONS: dict[str, Callable[..., Tensor]] = {  # of values in expressions; the first three are over the last axis
    "norm": lambda v: torch.linalg.vector_norm(v, dim=-1),
    "dot": lambda v, w: (v * w).sum(-1),
    "cosine": lambda v, w: torch.cosine_similarity(v, w, dim=-1),
    **{function.__name__: function for function in (torch.abs, torch.exp, torch.sqrt, torch.sin, torch.cos)},
}


def slope_error(field: Function, x: Float[Tensor, "n dim"], step: float = 1e-7) -> float:
    """The median distance of the gradient from central differences, relative to the largest slope.

    Field and x in float64. Near 0 where derivatives are right, kinks apart; of the order of 1 where some factor was
    detached.
    """
    slopes = gradient(field, x)
    measured = torch.stack([(field(x + step * a) - field(x - step * a)) / (2 * step) for a in axes(x)], dim=-1)
    largest = torch.maximum(measured.abs().max(), slopes.abs().max()).clamp_min(torch.finfo(x.dtype).tiny)
    return ((slopes - measured).abs().flatten(1).amax(1).median() / largest).item()


def pullback(field: Function, x: Float[Tensor, "*n dim"]) -> tuple[Float[Tensor, "..."], Function]:
    """The values, and the map from a weight of each value to the slope of their weighted sum."""
    y, pull = vjp(field, x)  # type: ignore[misc]  # without has_aux there are two
    return y, lambda weights: pull(weights)[0]


def pushforward(y: Float[Tensor, "..."], pull: Function) -> Function:
    """The map from a direction at each point to how fast the values change along it, of the pullback at values y.

    Pulling is linear in the weights, so that the pullback of it is the pushforward. Forward mode itself (`torch.func.jvp`)
    takes 1.5 times as long in a compiled graph, twice as long outside, and does not compile where coordinates are one
    or where it is nested.
    """
    _, push = vjp(pull, torch.zeros_like(y))  # type: ignore[misc]
    return lambda direction: push(direction)[0]


def axes(x: Float[Tensor, "*n dim"]) -> list[Float[Tensor, "*n dim"]]:
    """The unit vector along each axis, at every point."""
    return [one_hot(x, j) for j in range(x.shape[-1])]


def one_hot(like: Float[Tensor, "*n k"], i: int) -> Float[Tensor, "*n k"]:
    """1 at place i of the last axis, 0 elsewhere."""
    one = torch.zeros_like(like)
    one[..., i] = 1
    return one
