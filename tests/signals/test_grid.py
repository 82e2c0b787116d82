"""Where samples sit in the unit cube."""

import pytest
import torch

from fieldlab.signals.grid import Grid, positions


@pytest.mark.parametrize(
    ("alignment", "expected"),
    [("centers", [0.125, 0.375, 0.625, 0.875]), ("corners", [0, 1 / 3, 2 / 3, 1]), ("left", [0, 0.25, 0.5, 0.75])],
)
def test_positions(alignment, expected):
    torch.testing.assert_close(positions(4, alignment), torch.tensor(expected))


def test_unknown_alignment_is_an_error():
    with pytest.raises((ValueError, TypeError), match="middle"):
        positions(4, "middle")  # type: ignore[arg-type]


def test_coordinates_follow_the_order_of_flat_values():
    values = torch.arange(6.0).view(2, 3, 1) / 6
    signal = Grid("six", values, "left")
    x = signal.coordinates()
    torch.testing.assert_close(x, torch.tensor([[r / 2, c / 3] for r in range(2) for c in range(3)]))
    assert (signal.dim, signal.channels, signal.grid) == (2, 1, (2, 3))


def test_one_pixel_is_too_few():
    with pytest.raises(ValueError, match="dot has 1 x 1 samples; a fit needs at least 2 along every axis"):
        Grid("dot", torch.zeros(1, 1, 1), "centers")
