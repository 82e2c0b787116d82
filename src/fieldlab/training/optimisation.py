"""Optimisation beside the loss: compilation, clipping and learning rates member by member."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float, Inexact
from torch import Tensor, nn

Compiled = bool | Literal["auto"]


@dataclass(frozen=True)
class Descent:
    """How a task is optimised: optimiser, schedule, learning rates and compilation.

    `rates` are the members' learning rates where they differ: the optimiser steps with the largest, and each member
    goes its share of that step. `compiled`: "auto" where that saves time. `fused` is switched off where parameters are complex.
    """

    optimizer: Callable[..., torch.optim.Optimizer]
    schedule: Callable[[torch.optim.Optimizer], Any]
    rates: Sequence[float] | None
    fused: bool
    compiled: Compiled


def resolve_conjugates(ensemble: nn.Module) -> None:
    """Carry out conjugations that torch has deferred: optimisers see a complex gradient as two real ones, which a deferred one is not."""
    for parameter in ensemble.parameters():
        if parameter.grad is not None and parameter.grad.is_conj():
            parameter.grad = parameter.grad.resolve_conj()


def clip_by_member(ensemble: nn.Module, members: int, limit: float) -> None:
    """Scale each member's gradient to a norm of at most `limit`."""
    gradients = [p.grad for p in ensemble.parameters() if p.grad is not None]
    norms = torch.stack([g.reshape(members, -1).abs().square().sum(1) for g in gradients]).sum(0).sqrt()
    scale = limit / norms.clamp_min(limit)
    for gradient in gradients:
        gradient.mul_(to_parts(scale, gradient).to(gradient.real.dtype))


def relative_rates(
    optimizer: Callable[..., Any], schedule: Callable[[Any], Any], rates: Sequence[float], steps: int
) -> Float[Tensor, "steps m"]:
    """Each member's learning rate at each step, under a schedule of its own, as a share of the largest one's."""
    by_rate: dict[float, list[float]] = {}
    for rate in set(rates):
        alone = optimizer([nn.Parameter(torch.zeros(1))], lr=rate)
        scheduled = schedule(alone)
        by_rate[rate] = []
        for _ in range(steps):
            by_rate[rate].append(alone.param_groups[0]["lr"])
            alone.step()
            scheduled.step()
    table = torch.tensor([by_rate[rate] for rate in rates], dtype=torch.float64).T
    largest = torch.tensor(by_rate[max(rates)], dtype=torch.float64)[:, None]
    return torch.where(largest > 0, table / largest, 1).float()


def shorten_steps(ensemble: nn.Module, before: Sequence[Tensor], share: Float[Tensor, "m"]) -> None:
    """Shorten each member's step from `before` to its share: its own step, where steps are proportional to the rate."""
    with torch.no_grad():
        for parameter, start in zip(ensemble.parameters(), before, strict=True):
            parameter.copy_(start.lerp(parameter, to_parts(share, start)))


def to_parts(values: Float[Tensor, "m"], tensor: Inexact[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
    """Each member's number for its part of a tensor's first axis."""
    return values.repeat_interleave(len(tensor) // len(values)).view(-1, *[1] * (tensor.ndim - 1))
