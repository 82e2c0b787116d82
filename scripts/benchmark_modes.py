"""The ways to a gradient and a Laplacian, by axes and channels: what `fieldlab.operators` chooses between."""

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.func import jvp

from fieldlab import operators
from fieldlab.networks.siren import Siren
from fieldlab.operators import Function, axes, one_hot, pullback, pushforward

Operator = Callable[[Function, Tensor], Tensor]

SHAPES = [(1, 1), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3), (3, 4)]  # axes, channels
POINTS, STEPS = 2048, 7


def modes(rounds: int) -> None:
    """Milliseconds of a training step in a compiled graph and outside; `–` where that cannot be compiled."""
    gradients = {"ours": operators.gradient, "pull": pulled, "push": pushed, "forward mode": forward}
    laplacians = {
        "ours": operators.laplacian,
        "push of pull": partial(bent, pushed, pulled),
        "push of push": partial(bent, pushed, pushed),
        "pull of pull": partial(bent, pulled, pulled),
        "forward of pull": partial(bent, forward, pulled),
    }
    print(f"SIREN 128 x 3, {POINTS} points, ms a step, compiled / eager (medians of {rounds})")
    for dim, channels in SHAPES:
        field = Siren(features=dim, channels=channels, width=128, depth=3, first_omega_0=30.0, hidden_omega_0=30.0)
        for name, ways in (("gradient", gradients), ("Laplacian", laplacians)):
            found = {way: cost(operator, field, torch.rand(POINTS, dim), rounds) for way, operator in ways.items()}
            line = ", ".join(f"{way} {cells}" for way, cells in found.items())
            print(f"{dim} axes, {channels:2} channels  {name:9}  {line}", flush=True)


def pulled(field: Function, x: Tensor) -> Tensor:
    """Reverse mode: a pull for each value."""
    y, pull = pullback(field, x)
    flat = y.flatten(x.ndim - 1)
    rows = [pull(one_hot(flat, i).view_as(y)) for i in range(flat.shape[-1])]
    return torch.stack(rows, dim=-2).unflatten(-2, y.shape[x.ndim - 1 :])


def pushed(field: Function, x: Tensor) -> Tensor:
    """The pull of the pull: a push for each axis."""
    push = pushforward(*pullback(field, x))
    return torch.stack([push(axis) for axis in axes(x)], dim=-1)


def forward(field: Function, x: Tensor) -> Tensor:
    """Forward mode: a push for each axis."""
    return torch.stack([jvp(field, (x,), (axis,))[1] for axis in axes(x)], dim=-1)


def bent(outer: Operator, inner: Operator, field: Function, x: Tensor) -> Tensor:
    """The trace of the outer gradient of the inner one."""
    return outer(partial(inner, field), x).diagonal(dim1=-2, dim2=-1).sum(-1)


def cost(operator: Operator, field: Siren, x: Tensor, rounds: int) -> str:
    return " / ".join(milliseconds(operator, field, x, rounds, compiled=compiled) for compiled in (True, False))


def milliseconds(operator: Operator, field: Siren, x: Tensor, rounds: int, *, compiled: bool) -> str:
    torch.compiler.reset()

    def loss() -> Tensor:
        return operator(field, x).square().mean()

    run = torch.compile(loss, dynamic=False) if compiled else loss

    def step() -> float:
        start = time.perf_counter()
        field.zero_grad()
        run().backward()
        return time.perf_counter() - start

    try:
        step()
    except RuntimeError:
        return "–"
    return f"{statistics.median(step() for _ in range(STEPS * rounds)) * 1e3:.0f}"
