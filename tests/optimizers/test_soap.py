"""SOAP against the algorithm of its paper written plainly, and where it is Adam."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fieldlab.optimizers.roles import group_by_role
from fieldlab.optimizers.soap import Soap

SETTINGS: dict[str, Any] = {
    "lr": 0.01, "betas": (0.9, 0.95), "eps": 1e-8, "refresh_every": 10, "adam_lr": 1e-3, "adam_betas": (0.9, 0.999), "adam_eps": 1e-8,
    "weight_decay": 0.0, "fused": None,
}  # fmt: skip


def soap(parameter: nn.Parameter, **settings: Any) -> Soap:
    return Soap(
        [{"role": "edge", "params": [parameter]}, {"role": "other", "params": []}], **{**SETTINGS, **settings}
    )


def descend(optimizer: torch.optim.Optimizer, parameter: nn.Parameter, gradients: Tensor) -> Tensor:
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
    return parameter.detach()


def plain_soap(weights: Tensor, gradients: Tensor) -> Tensor:
    """Algorithm 3 of arXiv:2409.11321 for one matrix, eigenvectors sorted anew at every power iteration."""
    first, *rest = gradients
    left, right = 0.05 * first @ first.T, 0.05 * first.T @ first
    p, q = torch.linalg.eigh(left)[1], torch.linalg.eigh(right)[1]
    m, v = torch.zeros_like(first), torch.zeros_like(first)
    for t, g in enumerate(rest, 1):
        m, v = 0.9 * m + 0.1 * g, 0.95 * v + 0.05 * (p.T @ g @ q) ** 2
        turned = (p.T @ m @ q) / (1 - 0.9**t) / ((v / (1 - 0.95**t)).sqrt() + 1e-8)
        weights = weights - 0.01 * (p @ turned @ q.T)
        left, right = 0.95 * left + 0.05 * g @ g.T, 0.95 * right + 0.05 * g.T @ g
        if t % 10 == 0:
            rows, cols = (torch.diag(b.T @ f @ b).argsort(descending=True) for b, f in ((p, left), (q, right)))
            p, q = torch.linalg.qr(left @ p[:, rows])[0], torch.linalg.qr(right @ q[:, cols])[0]
            v = v[rows][:, cols]
    return weights


@pytest.mark.parametrize("shape", [(5, 6), (6, 6), (6, 5)])
def test_steps_are_those_of_the_paper(shape: tuple[int, int]):
    """Of two members at once, each by itself; with gradients of which at most one direction is missing, and in doubles, so that
    eigenvectors are defined."""
    stack = nn.Parameter(torch.randn(2, *shape, dtype=torch.float64))
    scale = torch.logspace(0, -2, shape[1], dtype=torch.float64)  # a spectrum with gaps
    gradients = torch.randn(25, 2, *shape, dtype=torch.float64) * scale
    expected = torch.stack([plain_soap(stack.detach()[m], gradients[:, m]) for m in range(2)])
    torch.testing.assert_close(descend(soap(stack), stack, gradients), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_of_numbers_it_is_adam_a_step_late(decay: float):
    """A 1 x 1 matrix has but one basis; the first gradient only sets it."""
    own, theirs = (nn.Parameter(torch.full((3, 1, 1), 0.7)) for _ in range(2))
    gradients = torch.randn(25, 3, 1, 1)
    adam = torch.optim.AdamW([theirs], lr=0.01, betas=(0.9, 0.95), weight_decay=decay)
    expected = descend(adam, theirs, gradients[1:])
    torch.testing.assert_close(descend(soap(own, weight_decay=decay), own, gradients), expected)


def test_of_diagonal_gradients_it_is_adam_a_step_late():
    """Their eigenvectors are the axes, in an order that changes as the gradients do, and V has to change with it."""
    own, theirs = (nn.Parameter(torch.zeros(4, 4)) for _ in range(2))
    sizes = 1 + 3 * torch.stack([torch.arange(45) / 45 * k % 1 for k in (1, 2, 3, 5)], dim=1)
    gradients = torch.diag_embed(sizes * (1 + 0.1 * torch.randn(45, 4)))
    expected = descend(torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.95)), theirs, gradients[1:])
    torch.testing.assert_close(descend(soap(own), own, gradients), expected, atol=1e-5, rtol=1e-4)


def test_a_member_that_is_not_finite_leaves_the_others_alone():
    own, alone = nn.Parameter(torch.zeros(2, 4, 3)), nn.Parameter(torch.zeros(1, 4, 3))
    gradients = torch.randn(25, 2, 4, 3)
    expected = descend(soap(alone), alone, gradients[:, 1:])
    gradients[:, 0] = torch.nan
    found = descend(soap(own), own, gradients)
    torch.testing.assert_close(found[1:], expected, atol=1e-5, rtol=1e-4)
    assert found[0].isnan().all()


def test_complex_weights_are_refused():
    with pytest.raises(
        ValueError, match="SOAP is for real weights, and these are complex: take optimizer=muon or adam"
    ):
        Soap(group_by_role(nn.Linear(2, 2, dtype=torch.cfloat)), **SETTINGS)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"betas": (0.9, 1.0)}, r"betas must be two numbers, at least 0 and below 1, not \[0.9, 1.0\]"),
        ({"refresh_every": 0}, "refresh_every must be at least 1, and eps not negative, not 0 and 1e-08"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], complaint: str):
    with pytest.raises(ValueError, match=complaint):
        soap(nn.Parameter(torch.zeros(2, 2)), **settings)
