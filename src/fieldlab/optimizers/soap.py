"""SOAP: Adam in the eigenbasis of Shampoo's factors (Vyas et al. 2024, arXiv:2409.11321)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fieldlab.optimizers.matrix_optimizer import MatrixOptimizer

TIE = 1e-8  # of a factor's trace


class Soap(MatrixOptimizer):
    """Weight matrices W of all linear layers by SOAP; biases and all else by Adam.

    With gradients G, L and R are running means of G G^T and G^T G, and P, Q their eigenvectors. Adam's means are M of G, and
    V of (P^T G Q)^2; W <- (1 - lr weight_decay) W - lr P [(P^T M Q) / (sqrt V + eps)] Q^T, both unbiased as in Adam. Every
    `refresh_every` steps one power iteration, P <- qr(L P), largest eigenvalue first, follows L and R. As in the authors'
    code, all means of squares decay by the second of `betas`, and the first gradient only sets P and Q. L and R are doubles,
    so that small eigenvalues are told apart. `lr` is the rate of matrices, `adam_lr` that of all else, and a schedule scales
    both. Weights are [..., rows, cols].

    Raises:
        ValueError: complex weights, parameters without roles, settings out of their range.
    """

    def __init__(
        self,
        params: Iterable[Mapping[str, Any]],
        *,
        lr: float,
        betas: Sequence[float],
        eps: float,
        refresh_every: int,
        adam_lr: float,
        adam_betas: Sequence[float],
        adam_eps: float,
        weight_decay: float,
        fused: bool | None,
    ) -> None:
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas must be two numbers, at least 0 and below 1, not {list(betas)}")
        if refresh_every < 1 or eps < 0:
            raise ValueError(f"refresh_every must be at least 1, and eps not negative, not {refresh_every} and {eps}")
        super().__init__(
            params,
            matrices=("hidden", "edge"),
            own={
                "lr": lr, "betas": betas, "eps": eps, "refresh_every": refresh_every, "weight_decay": weight_decay
            },
            adam={
                "lr": adam_lr, "betas": adam_betas, "eps": adam_eps, "weight_decay": weight_decay, "fused": fused
            },
        )  # fmt: skip
        if any(p.is_complex() for g in self.param_groups if g["role"] in self.matrices for p in g["params"]):
            raise ValueError("SOAP is for real weights, and these are complex: take optimizer=muon or adam")

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        parameters = [p for group in self.param_groups for p in group["params"]]
        for number, saved in state_dict["state"].items():  # torch brings all to the precision of the weights
            for name in {"left", "right"} & saved.keys():
                self.state[parameters[number]][name] = saved[name].to(parameters[number].device, copy=True)

    def update(self, parameters: list[Tensor], group: Mapping[str, Any]) -> None:
        for parameter in parameters:
            gradient, state = parameter.grad, self.state[parameter]
            assert gradient is not None
            if state:
                step = advance(gradient, state, group)
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(step, alpha=group["lr"])
                follow(gradient, state, group["betas"][1], refresh=state["step"] % group["refresh_every"] == 0)
            else:
                self.state[parameter] = begin(gradient, group["betas"][1])


def begin(gradient: Float[Tensor, "*m rows cols"], beta: float) -> dict[str, Any]:
    """The state after the first gradient, which no step has been taken by."""
    precise = gradient.double()
    left, right = (1 - beta) * precise @ precise.mT, (1 - beta) * precise.mT @ precise
    return {
        "step": 0,
        "left": left,
        "right": right,
        "left_basis": find_eigenvectors(left).to(gradient.dtype),
        "right_basis": find_eigenvectors(right).to(gradient.dtype),
        "mean": torch.zeros_like(gradient),
        "square": torch.zeros_like(gradient),
    }


def find_eigenvectors(factor: Float[Tensor, "*m n n"]) -> Float[Tensor, "*m n n"]:
    """Eigenvectors as columns, that of the largest eigenvalue first; LAPACK would refuse all members for one that is not finite."""
    return torch.linalg.eigh(break_ties(factor).nan_to_num(0.0, 0.0, 0.0))[1].flip(-1)


def break_ties(factor: Float[Tensor, "*m n n"]) -> Float[Tensor, "*m n n"]:
    """The factor with so much added along the axes that they are its eigenvectors where it has next to nothing to say.

    There, rounding would choose them, and Adam, which makes large steps of small slopes, go where members of a pack and
    single ones differ.
    """
    axes = torch.linspace(2, 1, factor.shape[-1], dtype=factor.dtype, device=factor.device)
    trace = factor.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None]
    return factor + torch.diag_embed(TIE * trace * axes)


def advance(
    gradient: Float[Tensor, "*m rows cols"], state: dict[str, Any], group: Mapping[str, Any]
) -> Float[Tensor, "*m rows cols"]:
    """Adam's direction in the eigenbasis, back in the basis of the weights; its means include this gradient from here on."""
    left, right = state["left_basis"], state["right_basis"]
    first, second = group["betas"]
    state["step"] += 1
    mean = state["mean"].lerp_(gradient, 1 - first)
    square = state["square"].lerp_((left.mT @ gradient @ right).square(), 1 - second)
    scale = (square / (1 - second ** state["step"])).sqrt_().add_(group["eps"])
    return left @ ((left.mT @ mean @ right) / scale) @ right.mT / (1 - first ** state["step"])


def follow(gradient: Float[Tensor, "*m rows cols"], state: dict[str, Any], beta: float, *, refresh: bool) -> None:
    """Let the factors follow the gradients, and with `refresh` the bases the factors; V is sorted as its basis is."""
    precise = gradient.double()
    state["left"].lerp_(precise @ precise.mT, 1 - beta)
    state["right"].lerp_(precise.mT @ precise, 1 - beta)
    if not refresh:
        return
    state["left_basis"], rows = rotate(state["left"], state["left_basis"])
    state["right_basis"], cols = rotate(state["right"], state["right_basis"])
    square = state["square"].take_along_dim(rows[..., :, None], -2)
    state["square"] = square.take_along_dim(cols[..., None, :], -1)


def rotate(
    factor: Float[Tensor, "*m n n"], basis: Float[Tensor, "*m n n"]
) -> tuple[Float[Tensor, "*m n n"], Int[Tensor, "*m n"]]:
    """The basis after one power iteration, and the order in which its columns were taken, largest eigenvalue first."""
    powered = break_ties(factor) @ basis.double()
    order = (basis * powered).sum(-2).argsort(-1, descending=True)
    return torch.linalg.qr(powered.take_along_dim(order[..., None, :], -1))[0].to(basis.dtype), order
