"""Wraps against their closed form, period, range and slope, and against the table of errors by delta."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fieldlab.tasks.roll.warps.floor import Floor
from fieldlab.tasks.roll.warps.smooth_sawtooth import SmoothSawtooth
from fieldlab.tasks.roll.warps.wrap import Untouched

DELTAS = [  # delta, lowest value, slope at the seam, mean absolute error, slope at 1/2
    (0.1, 0.237, -7.1, 0.0879, 0.843),
    (0.05, 0.175, -16.0, 0.0550, 0.920),
    (0.01, 0.082, -91.0, 0.0162, 0.984),
    (0.001, 0.027, -972.0, 0.0024, 0.998),
]


def slope(wrap: SmoothSawtooth | Floor, x: torch.Tensor) -> torch.Tensor:
    x = x.clone().requires_grad_()
    return torch.autograd.grad(wrap(x).sum(), x)[0]


def fine() -> torch.Tensor:
    return (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000


def test_the_sawtooth_has_its_closed_form():
    d, x = 0.03, torch.linspace(-3, 3, 1001, dtype=torch.float64)

    def triangle(x: torch.Tensor) -> torch.Tensor:
        return 1 - 2 * torch.arccos((1 - d) * torch.sin(2 * math.pi * x)) / math.pi

    def square(x: torch.Tensor) -> torch.Tensor:
        return 2 * torch.arctan(torch.sin(2 * math.pi * x) / d) / math.pi

    expected = (1 + triangle((2 * x - 1) / 4) * square(x / 2)) / 2
    torch.testing.assert_close(SmoothSawtooth(delta=d)(x), expected)


@pytest.mark.parametrize(("delta", "lowest", "at_seam", "error", "at_half"), DELTAS)
def test_the_sawtooth_is_as_far_off_as_is_known(
    delta: float, lowest: float, at_seam: float, error: float, at_half: float
):
    wrap, x = SmoothSawtooth(delta=delta), fine()
    assert wrap(x).min().item() == pytest.approx(lowest, abs=6e-4)
    assert wrap(x).max().item() == pytest.approx(1 - lowest, abs=6e-4)
    assert (wrap(x) - x).abs().mean().item() == pytest.approx(error, abs=6e-5)
    zero, half = (torch.tensor([place], dtype=torch.float64) for place in (0.0, 0.5))
    assert wrap(zero).item() == pytest.approx(0.5)
    assert slope(wrap, zero).item() == pytest.approx(at_seam, rel=0.01)
    closed = -(1 - 2 / math.pi * math.acos(1 - delta)) / delta
    assert slope(wrap, zero).item() == pytest.approx(closed, rel=1e-6)
    assert slope(wrap, half).item() == pytest.approx(at_half, abs=6e-4)
    assert slope(wrap, half).item() == pytest.approx((1 - delta) * 2 / math.pi * math.atan(1 / delta), rel=1e-6)


@given(st.floats(-1e4, 1e4), st.integers(-1000, 1000))
def test_wraps_have_period_1(x: float, periods: int):
    for wrap in (Floor(), SmoothSawtooth(delta=0.1)):
        here, there = wrap(torch.tensor([x, x + periods], dtype=torch.float64))
        away = (here - there).abs()
        assert min(away, 1 - away) < 1e-7


@pytest.mark.parametrize("wrap", [Floor(), SmoothSawtooth(delta=0.01), SmoothSawtooth(delta=1e-4)])
def test_slopes_are_finite_wherever_one_looks(wrap: Floor | SmoothSawtooth):
    x = torch.cat([torch.linspace(-5, 5, 2001), torch.tensor([1e6, -1e6, 1e-9, -1e-9, 0.0, 1.0, -1.0])])
    assert slope(wrap, x).isfinite().all()
    assert wrap(x).isfinite().all()


@given(st.floats(-1e6, 1e6, width=32))
def test_the_floor_stays_below_1_and_not_below_0(x: float):
    inside = Floor()(torch.tensor([x], dtype=torch.float32)).item()
    assert 0 <= inside < 1


def test_the_floor_is_exact_with_a_slope_of_1():
    x = torch.tensor([-0.3, 0.3, 1.25, -7.5, -1e-9, 2.0])
    torch.testing.assert_close(Floor()(x), torch.tensor([0.7, 0.3, 0.25, 0.5, 0.0, 0.0]))
    assert (slope(Floor(), torch.linspace(-3, 3, 601)) == 1).all()


def test_untouched_is_what_it_was():
    x = torch.randn(5)
    assert Untouched()(x) is x


@pytest.mark.parametrize("delta", [0.0, 1.0, -0.1, 2.0])
def test_deltas_lie_between_0_and_1(delta: float):
    with pytest.raises(ValueError, match="delta must be between 0 and 1"):
        SmoothSawtooth(delta=delta)
