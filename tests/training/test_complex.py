"""Networks with complex parameters: each is two real numbers, for counting, clipping, derivatives and optimisers alike."""

import logging
from pathlib import Path

import pytest
import torch
from torch import nn

import fieldlab
from conftest import compose_small
from fieldlab.field import Field, count_parameters, to_doubles
from fieldlab.operators import gradient
from fieldlab.training.optimisation import clip_by_member

WIRE = """
import torch
from torch import nn
class Wire(nn.Module):
    def __init__(self, features, channels, *, width):
        super().__init__()
        self.first = nn.Linear(features, width)
        self.last = nn.Linear(width, channels, dtype=torch.cfloat)
    def forward(self, x):
        z = self.first(x)
        return self.last(torch.exp(10j * z - z**2)).real
"""


@pytest.fixture
def wire() -> tuple[str, ...]:
    Path("complex_wire.py").write_text(WIRE)
    network = "field.network={_target_: complex_wire.Wire, width: 8}"
    return (
        "field=siren",
        "~field.network",
        f"+{network}",
        "signal.size=16",
        "steps=12",
        "trainer=cpu",
        "logger=none",
    )


class Complex(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, 3, dtype=torch.cfloat))
        self.bias = nn.Parameter(torch.randn(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.to(self.weight.dtype) @ self.weight).exp().real + self.bias


def test_a_complex_number_is_two_real_ones():
    assert count_parameters(Complex()) == 2 * 6 + 3


def test_clipping_is_by_the_length_of_all_real_numbers():
    members = nn.ParameterList([nn.Parameter(torch.zeros(2, 2, dtype=torch.cfloat)), nn.Parameter(torch.zeros(2, 1))])
    members[0].grad = torch.tensor([[3 + 4j, 0], [0.3j, 0]])
    members[1].grad = torch.tensor([[12.0], [0.0]])
    clip_by_member(members, 2, 6.5)
    torch.testing.assert_close(members[0].grad, torch.tensor([[1.5 + 2j, 0], [0.3j, 0]]))  # lengths 13 and 0.3
    torch.testing.assert_close(members[1].grad, torch.tensor([[6.0], [0.0]]))


def test_double_precision_keeps_imaginary_parts():
    network = Complex()
    x = torch.rand(5, 2)
    before = network(x)
    field = Field(nn.Identity(), network, nn.Identity(), coordinates=(0.0, 1.0), values=(0.0, 1.0))
    torch.testing.assert_close(to_doubles(field)(x.double()).float(), before)
    assert network.weight.dtype == torch.complex128


@pytest.mark.parametrize("supervise", ["value", "gradient"])
def test_complex_networks_are_fitted(wire: tuple[str, ...], supervise: str, caplog: pytest.LogCaptureFixture):
    from fieldlab.notices import say_once

    say_once.cache_clear()
    options = ("split=all", f"supervise={supervise}", "task.clip_norm=1.0", "task.scores=12")
    config = fieldlab.compose(*wire, *options, "optimizer=adam", "optimizer.lr=3e-3", "schedule=constant")
    with caplog.at_level(logging.WARNING, "fieldlab"):
        [result] = fieldlab.fit([config])
    assert (result.status, result.parameters) == ("finished", 2 * 8 + 8 + 2 * 9)
    assert caplog.messages == ["optimizer.fused: torch fuses steps of real parameters alone; these are complex"]
    assert result.curve[-1]["full_psnr"] > result.curve[0]["full_psnr"]
    field = fieldlab.load(config.folder)
    x = torch.rand(6, 2)
    step = 1e-3 * torch.eye(2)
    slope = torch.stack([(field(x + h) - field(x - h)) / 2e-3 for h in step], dim=-1)
    torch.testing.assert_close(gradient(field, x), slope, atol=0.05, rtol=0.05)


def test_real_networks_keep_their_fused_steps(caplog: pytest.LogCaptureFixture):
    fieldlab.fit([compose_small("logger=none")])
    assert caplog.messages == []
