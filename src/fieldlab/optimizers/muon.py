"""Muon: momentum, orthogonalised (Jordan et al. 2024, kellerjordan.github.io/posts/muon), for neural fields McGinnis et al. 2025, arXiv:2512.14366."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Inexact
from torch import Tensor

from fieldlab.optimizers.matrix_optimizer import MatrixOptimizer

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of x, x^3, x^5: steep at 0, and singular values stay near 1
ITERATIONS = 5
SMALLEST = 1e-7  # added to a norm


class Muon(MatrixOptimizer):
    """Hidden weight matrices W by Muon; first and last layers, biases and all else by Adam.

    m <- momentum m + (1 - momentum) g; u = momentum m + (1 - momentum) g (Nesterov); W <- (1 - lr weight_decay) W
    - lr sqrt(max(1, rows / cols)) orthogonalise(u). So a step has the same length whatever the gradient's; `lr` is the
    rate of hidden matrices, `adam_lr` that of all else, and a schedule scales both. Weights are [..., rows, cols], real or complex.

    torch.optim.Muon takes matrices alone, one at a time, and decays weights by 0.1 unless told otherwise, from which fields suffer.

    Raises:
        ValueError: parameters without roles, settings out of their range.
    """

    def __init__(
        self,
        params: Iterable[Mapping[str, Any]],
        *,
        lr: float,
        momentum: float,
        adam_lr: float,
        adam_betas: Sequence[float],
        adam_eps: float,
        weight_decay: float,
        fused: bool | None,
    ) -> None:
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be at least 0 and below 1, not {momentum}")
        super().__init__(
            params,
            matrices=("hidden",),
            own={"lr": lr, "momentum": momentum, "weight_decay": weight_decay},
            adam={
                "lr": adam_lr, "betas": adam_betas, "eps": adam_eps, "weight_decay": weight_decay, "fused": fused
            },
        )  # fmt: skip

    def update(self, parameters: list[Tensor], group: Mapping[str, Any]) -> None:
        alike: dict[Any, list[Tensor]] = {}
        for parameter in parameters:
            alike.setdefault((parameter.shape, parameter.dtype), []).append(parameter)
        for same in alike.values():  # in one batched product
            steps = orthogonalise(torch.stack([self.look_ahead(p, group["momentum"]) for p in same]))
            rows, cols = same[0].shape[-2:]
            rate = group["lr"] * math.sqrt(max(1, rows / cols))
            for parameter, step in zip(same, steps, strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(step, alpha=rate)

    def look_ahead(self, parameter: Tensor, momentum: float) -> Tensor:
        """Nesterov's momentum: the mean of gradients, with the last one once more."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not state:
            state["mean"] = torch.zeros_like(parameter)
        mean = state["mean"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(mean, momentum)


def orthogonalise(matrices: Inexact[Tensor, "... rows cols"]) -> Inexact[Tensor, "... rows cols"]:
    """Roughly the nearest matrices with orthonormal rows or columns: singular values above 0.002 |U| go to 0.68 … 1.21.

    Newton-Schulz: X <- a X + (b A + c A^2) X, A = X X^H, five times, from X = U / |U| by the Frobenius norm. In float32 at
    least: in bfloat16, as large networks take it, packed members would differ from single ones, and a CPU gains nothing.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    precise = matrices.to(torch.promote_types(matrices.dtype, torch.float32))
    x = (precise.mT if tall else precise).flatten(0, -3) if matrices.ndim > 2 else precise[None]
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + SMALLEST)
    for _ in range(ITERATIONS):
        gram = torch.bmm(x, x.mH)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).reshape(matrices.shape).to(matrices.dtype)
