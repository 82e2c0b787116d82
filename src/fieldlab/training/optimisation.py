"""Optimisation beside the loss: compilation, clipping and learning rates member by member."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float, Inexact
from torch import Tensor, nn

from fieldlab.notices import say_once
from fieldlab.optimizers.roles import group_by_role

Compiled = bool | Literal["auto"]


@dataclass(frozen=True)
class Descent:
    """How a task is optimised: optimiser, schedule, learning rates and compilation.

    `rates` are the members' learning rates where they differ: the optimiser steps with the largest, and each member
    goes its share of that step. `compiled`: "auto" where that saves time. `fused` is switched off where parameters are complex.
    With `roles` the optimiser takes parameters in groups that say what they are.
    """

    optimizer: Callable[..., torch.optim.Optimizer]
    schedule: Callable[[torch.optim.Optimizer], Any]
    rates: Sequence[float] | None
    fused: bool
    compiled: Compiled
    roles: bool

    def make_optimizer(self, module: nn.Module, rate: float | None) -> torch.optim.Optimizer:
        """The optimiser of a module's parameters, at this learning rate or, None, at its own."""
        settings: dict[str, Any] = {} if rate is None else {"lr": rate}
        if self.fused and any(parameter.is_complex() for parameter in module.parameters()):
            say_once("optimizer.fused: torch fuses steps of real parameters alone; these are complex")
            settings["fused"] = None
        return self.optimizer(group_by_role(module) if self.roles else module.parameters(), **settings)


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
    descent: Descent, ensemble: nn.Module, rates: Sequence[float], steps: int
) -> Float[Tensor, "steps groups m"]:
    """Each member's learning rate of each group of parameters at each step, under a schedule of its own, as a share of the largest
    one's. Groups with a rate beside `lr`, in which members do not differ, have shares of 1. There are no gradients yet.
    """
    by_rate: dict[float, list[list[float]]] = {}
    for rate in set(rates):
        alone = descent.make_optimizer(ensemble, rate)
        scheduled = descent.schedule(alone)
        by_rate[rate] = []
        for _ in range(steps):
            by_rate[rate].append([group["lr"] for group in alone.param_groups])
            alone.step()
            scheduled.step()
    table = torch.tensor([by_rate[rate] for rate in rates], dtype=torch.float64).movedim(0, -1)
    largest = torch.tensor(by_rate[max(rates)], dtype=torch.float64)[..., None]
    return torch.where(largest > 0, table / largest, 1).float()


def copy_groups(optimizer: torch.optim.Optimizer) -> list[list[Tensor]]:
    """A copy of the parameters of each group."""
    return [[p.detach().clone() for p in group["params"]] for group in optimizer.param_groups]


def shorten_steps(
    optimizer: torch.optim.Optimizer, before: Sequence[Sequence[Tensor]], shares: Float[Tensor, "groups m"]
) -> None:
    """Shorten each member's step from `before` to its share: its own step, where steps are proportional to the rate."""
    with torch.no_grad():
        for group, starts, share in zip(optimizer.param_groups, before, shares, strict=True):
            for parameter, start in zip(group["params"], starts, strict=True):
                parameter.copy_(start.lerp(parameter, to_parts(share, start)))


def to_parts(values: Float[Tensor, "m"], tensor: Inexact[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
    """Each member's number for its part of a tensor's first axis."""
    return values.repeat_interleave(len(tensor) // len(values)).view(-1, *[1] * (tensor.ndim - 1))
