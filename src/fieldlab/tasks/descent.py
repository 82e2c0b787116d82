"""What an optimisation step needs beside its loss: compilation, and clipping member by member."""

from collections.abc import Callable

import torch
from torch import Tensor

from fieldlab.field import Ensemble

MOST_STRUCTURES = 256  # of fields, that one process compiles

Losses = Callable[[Tensor, Tensor], Tensor]


def compile_losses(losses: Losses) -> Losses:
    """torch.compile, for as many structures as a sweep may have: after eight, its default is to run eagerly."""
    torch._dynamo.config.recompile_limit = MOST_STRUCTURES
    return torch.compile(losses, dynamic=False)


def clip_by_member(ensemble: Ensemble, limit: float) -> None:
    """Scale each member's gradient to a norm of at most `limit`."""
    gradients = [p.grad for p in ensemble.parameters() if p.grad is not None]
    norms = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()
    scale = (limit / norms.clamp_min(limit)).to(gradients[0].dtype)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.ndim - 1)))
