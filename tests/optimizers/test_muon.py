"""Muon: its orthogonalisation, its steps, and which parameters take them."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from conftest import Said
from fieldlab.optimizers.muon import Muon, orthogonalise
from fieldlab.optimizers.roles import group_by_role

SETTINGS: dict[str, Any] = {
    "lr": 0.01, "momentum": 0.95, "adam_lr": 1e-3, "adam_betas": (0.9, 0.999), "adam_eps": 1e-8, "weight_decay": 0.0, "fused": None,
}  # fmt: skip


def muon(module: nn.Module, **settings: Any) -> Muon:
    return Muon(group_by_role(module), **{**SETTINGS, **settings})


def descend(optimizer: torch.optim.Optimizer, parameters: list[Tensor], steps: int) -> None:
    """Steps along gradients that are drawn with a fixed seed."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator).to(parameter.dtype)
        optimizer.step()


@pytest.mark.parametrize(("before", "after"), [(0.70711, 1.10811), (0.1, 0.71212), (0.01, 0.69892)])
def test_singular_values_go_where_the_published_polynomial_takes_them(before: float, after: float):
    matrix = torch.diag(torch.tensor([before, (1 - before**2) ** 0.5]))  # of Frobenius norm 1
    assert orthogonalise(matrix)[0, 0].item() == pytest.approx(after, abs=2e-5)


@pytest.mark.parametrize("shape", [(16, 16), (32, 8), (8, 32)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.complex64])
def test_rows_or_columns_become_nearly_orthonormal(shape: tuple[int, int], dtype: torch.dtype):
    """In the band that the polynomial has for singular values above 0.002, with the singular vectors as they were."""
    matrix = torch.randn(3, *shape, dtype=dtype)
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    assert (s.amin(-1) > 0.002 * s.square().sum(-1).sqrt()).all()
    found = u.mH @ orthogonalise(matrix) @ v.mH
    diagonal = found.diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(found, torch.diag_embed(diagonal), atol=2e-4, rtol=0)
    torch.testing.assert_close(diagonal.imag if dtype.is_complex else diagonal * 0, s * 0, atol=2e-4, rtol=0)
    assert diagonal.real.min() > 0.68
    assert diagonal.real.max() < 1.21


def test_each_matrix_of_a_stack_is_orthogonalised_by_itself():
    stack = torch.randn(2, 3, 8, 12) * torch.logspace(-3, 3, 6).view(2, 3, 1, 1)
    alone = torch.stack([orthogonalise(matrix) for matrix in stack.flatten(0, 1)]).view(stack.shape)
    torch.testing.assert_close(orthogonalise(stack), alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", [(24, 12), (12, 24)])
def test_steps_are_those_of_torch(shape: tuple[int, int]):
    """torch computes orthogonalisation in bfloat16, of 8 bits; five iterations lose some of them."""
    reference = pytest.importorskip("torch.optim", reason="torch 2.9 brought Muon").Muon
    network = nn.Sequential(nn.Linear(2, 4), nn.Linear(*shape[::-1]), nn.Linear(4, 2))
    own, theirs = network[1].weight, nn.Parameter(network[1].weight.detach().clone())
    start = own.detach().clone()
    descend(muon(network, weight_decay=0.1), [own], 5)
    descend(reference([theirs], lr=0.01, weight_decay=0.1, momentum=0.95, adjust_lr_fn="original"), [theirs], 5)
    moved = (theirs - start).norm()
    assert (own - theirs).norm() < 0.03 * moved
    assert moved > 0.1


def test_complex_matrices_descend():
    """A complex linear map is found from what it does to vectors."""
    network = nn.Sequential(*(nn.Linear(4, 4, bias=False, dtype=torch.cfloat) for _ in range(3)))
    wanted, x = torch.randn(4, 4, dtype=torch.cfloat), torch.randn(50, 4, dtype=torch.cfloat)
    optimizer = muon(network, adam_lr=1e-2)
    losses = []
    for _ in range(200):
        loss = (network(x) - x @ wanted).abs().square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.01 * losses[0]


def test_all_else_takes_the_steps_of_adam():
    networks = [nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 3)) for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    rest = [[p for n, p in network.named_parameters() if n != "1.weight"] for network in networks]
    descend(muon(networks[0]), rest[0], 4)
    descend(torch.optim.Adam(rest[1], lr=1e-3), rest[1], 4)
    for own, theirs in zip(*rest, strict=True):
        assert torch.equal(own, theirs)


def test_a_schedule_scales_both_rates():
    optimizer = muon(nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 3)))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    optimizer.step()
    schedule.step()
    assert {group["role"]: group["lr"] for group in optimizer.param_groups} == pytest.approx(
        {"hidden": 5e-3, "edge": 5e-4, "other": 5e-4}
    )


def test_without_hidden_matrices_it_is_adam_and_says_so(said: Said):
    own, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(own.state_dict())
    descend(muon(own), list(own.parameters()), 3)
    descend(torch.optim.Adam(theirs.parameters(), lr=1e-3), list(theirs.parameters()), 3)
    assert torch.equal(own.weight, theirs.weight)
    assert said() == ["optimizer: there are no hidden weight matrices here; Adam fits all, at optimizer.adam_lr"]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"lr": -1.0}, "lr must not be negative, but is -1.0"),
        ({"adam_lr": -1.0}, "adam_lr must not be negative, but is -1.0"),
        ({"momentum": 1.0}, "momentum must be at least 0 and below 1, not 1.0"),
        ({"weight_decay": -0.1}, "weight_decay must not be negative, but is -0.1"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], complaint: str):
    with pytest.raises(ValueError, match=complaint):
        muon(nn.Linear(2, 2), **settings)


def test_parameters_without_roles_are_refused():
    with pytest.raises(ValueError, match="roles: true in the YAML"):
        Muon(nn.Linear(2, 2).parameters(), **SETTINGS)  # type: ignore[arg-type]
