"""Blocks within a step: less memory at a time, the same gradient."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from omegaconf import DictConfig

import fieldlab
from conftest import make_module
from fieldlab.training import field_module
from fieldlab.training.constraints import Points
from fieldlab.training.field_module import FieldModule
from fieldlab.training.samples import cut_batch

Small = Callable[..., DictConfig]


def make_descending(small: Small, *overrides: str) -> FieldModule:
    module: FieldModule = make_module(small("logger=none", *overrides))
    module.configure_optimizers()
    return module


def gradient(module: FieldModule, batch: Any) -> torch.Tensor:
    module.ensemble.zero_grad(set_to_none=True)
    blocks = module.cut(batch)
    torch.stack([module.losses(block) for block in blocks]).sum().backward()
    return torch.cat([p.grad.flatten() for p in module.ensemble.parameters() if p.grad is not None])


@pytest.mark.parametrize(
    ("overrides", "count"),
    [
        (("split=all",), 4),
        (("split=all", "task.batch_size=500"), 2),
        (("split=all", "field=siren", "supervise=laplacian"), 4),
        (("split=all", "field=siren", "supervise=helmholtz", "signal=formula", "signal.size=[32,32]"), 5),
        (("task=surface", "signal=torus_knot", "signal.points=600", "field=siren", "task.batch_size=400"), 4),
    ],
    ids=["all", "batches", "laplacian", "two regions", "surface"],
)
def test_their_gradients_add_up(monkeypatch: pytest.MonkeyPatch, overrides: tuple[str, ...], count: int):
    size = () if any("signal=" in override for override in overrides) else ("signal.size=32",)
    module = make_descending(
        fieldlab.compose, *size, "field.network.width=32", "steps=2", "trainer=cpu", "compile=false", *overrides
    )
    [batch] = module.samples.batches(1)
    whole = gradient(module, batch)
    monkeypatch.setattr(field_module, "BLOCK", 256)
    assert len(module.cut(batch)) == count
    torch.testing.assert_close(gradient(module, batch), whole, rtol=1e-5, atol=1e-6 * whole.abs().max().item())


def test_a_users_function_and_lbfgs_keep_the_batch_whole(small: Small, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(field_module, "BLOCK", 16)
    module = make_descending(small)
    [batch] = module.samples.batches(1)
    assert len(module.cut(batch)) > 1
    module.coupled = True
    assert len(module.cut(batch)) == 1
    module = make_descending(small, "optimizer=lbfgs", "schedule=constant")
    assert len(module.cut(batch)) == 1


@pytest.mark.parametrize(("size", "most", "sizes"), [
    (100, 100, [100]), (100, 50, [50, 50]), (100, 30, [25] * 4), (99, 30, [25, 25, 25, 24]), (96, 14, [12] * 8), (3, 1, [1] * 3),
])  # fmt: skip
def test_blocks_are_alike_where_that_is_possible(size: int, most: int, sizes: list[int]):
    x = torch.rand(2, size, 2)
    blocks = cut_batch({"all": Points(x, {"target": x})}, most)
    assert [block["all"].x.shape[1] for block in blocks] == sizes
    assert torch.equal(torch.cat([block["all"].data["target"] for block in blocks], dim=1), x)
    assert sum(block["all"].share for block in blocks) == pytest.approx(1)
