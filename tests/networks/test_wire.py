"""WIRE and its kin: the same numbers as with torch's complex ones, literal values, and one becoming the other."""

from typing import Any

import pytest
import torch
from scipy import stats

from fieldlab.networks.complex_linear import ComplexLinear
from fieldlab.networks.finer_wire import FinerWire
from fieldlab.networks.wire import Wire
from fieldlab.networks.wire_2d import Wire2d

SIZE: dict[str, Any] = {"width": 12, "depth": 3, "omega_0": 20.0, "scale": 10.0}


def to_complex(pairs: torch.Tensor) -> torch.Tensor:
    return torch.complex(*pairs.chunk(2, dim=-1))


def test_a_complex_layer_is_torchs():
    layer = ComplexLinear(5, 4)
    h = torch.randn(7, 10)
    weight, bias = torch.complex(*layer.weight), to_complex(layer.bias)
    torch.testing.assert_close(to_complex(layer(h)), to_complex(h) @ weight.T + bias)


def test_it_is_drawn_as_torch_draws_complex_layers():
    torch.manual_seed(0)
    ours, theirs = ComplexLinear(256, 256).weight, torch.nn.Linear(256, 256, dtype=torch.cfloat).weight
    for part, drawn in zip(ours, (theirs.real, theirs.imag), strict=True):
        uniform = stats.uniform(-1 / 16, 1 / 8).cdf
        assert stats.kstest(part.detach().flatten()[:5000], uniform).pvalue > 1e-3
        assert stats.kstest(drawn.detach().flatten()[:5000], uniform).pvalue > 1e-3


def test_literal_value():
    real, _ = Wire(2, 1, **SIZE).wavelet(torch.tensor([0.1]), torch.tensor([0.0]))
    assert real.item() == pytest.approx(-0.153092, abs=2e-6)


def test_wire_with_torchs_complex_numbers():
    network = Wire(2, 3, **SIZE)
    h = network.first(torch.rand(9, 2))
    z = torch.complex(h, torch.zeros_like(h))
    x = torch.cat([h, torch.zeros_like(h)], dim=-1)
    for linear in network.hidden:
        h = torch.exp(1j * 20 * z - (10 * z).abs() ** 2)
        torch.testing.assert_close(to_complex(network.wavelet(*x.chunk(2, dim=-1))), h)
        z = h @ torch.complex(*linear.weight).T + to_complex(linear.bias)
        x = torch.cat([z.real, z.imag], dim=-1)


def test_the_last_layer_is_the_real_part_of_a_complex_one():
    network = Wire(2, 3, **SIZE)
    h = torch.randn(5, 24)
    real, imaginary = network.last.weight.chunk(2, dim=1)
    weight = torch.complex(real, -imaginary)
    expected = (to_complex(h) @ weight.T).real + network.last.bias
    torch.testing.assert_close(network.last(h), expected)


def test_windows_of_nothing_make_wire_2d_wire():
    plain, windowed = Wire(2, 3, **SIZE), Wire2d(2, 3, **SIZE)
    windowed.load_state_dict(plain.state_dict(), strict=False)
    with torch.no_grad():
        for window in [windowed.first_window, *windowed.windows]:
            for parameter in window.parameters():
                parameter.zero_()
    x = torch.rand(8, 2)
    torch.testing.assert_close(windowed(x), plain(x))
    windowed.windows[0].bias.data.fill_(0.1)
    assert not torch.allclose(windowed(x), plain(x))


def test_finer_wire_is_wire_of_what_is_stretched():
    plain = Wire(2, 3, **SIZE)
    finer = FinerWire(2, 3, **SIZE, first_bias=None, detached=False)
    real, imaginary = torch.randn(2, 6)
    expected = plain.wavelet((real.abs() + 1) * real, (imaginary.abs() + 1) * imaginary)
    torch.testing.assert_close(finer.wavelet(real, imaginary), expected)


def test_parameters_count_as_two():
    network = Wire(2, 3, **SIZE)
    complex_ones = 2 * 12 * 12 + 2 * 12  # two hidden layers
    assert sum(p.numel() for p in network.hidden.parameters()) == 2 * complex_ones


def test_its_size_at_the_start_is_finite_far_out():
    network = Wire(2, 1, width=64, depth=4, omega_0=20.0, scale=10.0)
    assert network(1e3 * torch.randn(50, 2)).isfinite().all()


@pytest.mark.parametrize("wrong", [{"omega_0": 0.0}, {"scale": -1.0}, {"width": 0}, {"depth": 0}])
@pytest.mark.parametrize("kind", [Wire, Wire2d])
def test_impossible_settings_are_errors(kind: type, wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=r"must be (positive|at least 1)"):
        kind(2, 1, **(SIZE | wrong))
