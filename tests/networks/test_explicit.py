"""Explicit fields: a grid of values, and a sum of Gaussians of which a place sees some."""

from pathlib import Path

import pytest
import torch

import fieldlab
from fieldlab.field import Ensemble, build_field, draw
from fieldlab.networks.gaussians import Gaussians
from fieldlab.networks.grid import Grid
from fieldlab.weights import load


def test_a_grid_of_a_polynomial_is_the_polynomial():
    """Cubic interpolation with -1/2 would be exact for squares; with -3/4 it is for straight lines, as linear is."""
    for interpolation in ("linear", "cubic"):
        grid = Grid(2, 1, vertices=9, interpolation=interpolation, init=0.1).double()
        along = torch.linspace(0, 1, 9, dtype=torch.float64)
        with torch.no_grad():
            grid.values.copy_((2 * along[:, None] - 3 * along).flatten())
        x = 0.2 + 0.6 * torch.rand(40, 2, dtype=torch.float64)
        if interpolation == "linear":
            torch.testing.assert_close(grid(x)[:, 0], 2 * x[:, 0] - 3 * x[:, 1])
        vertices = torch.cartesian_prod(along, along)
        torch.testing.assert_close(grid(vertices).flatten(), grid.values[0])


def test_a_new_grid_is_flat():
    assert torch.allclose(
        Grid(3, 2, vertices=5, interpolation="linear", init=0.1)(torch.rand(7, 3)), torch.tensor(0.1)
    )


def test_a_grid_reads_coordinates_alone():
    with pytest.raises(ValueError, match="take field/encoding=identity"):
        Grid(512, 3, vertices=4, interpolation="linear", init=0.1)
    with pytest.raises(ValueError, match="vertices must be at least 2"):
        Grid(2, 3, vertices=1, interpolation="linear", init=0.1)


def gaussians(count: int = 300, candidates: int = 64) -> Gaussians:
    return Gaussians(2, 3, count=count, samples=64, candidates=candidates, tiles=8, refresh=10)


def test_one_gaussian_in_closed_form():
    one = gaussians(count=1)
    with torch.no_grad():
        one.place.copy_(torch.atanh(torch.tensor([[0.5, 0.0]])))  # the mean is (0.75, 0.5)
        one.shape.copy_(torch.tensor([[1.5, 1.0, 2.5]]))
        one.colour.copy_(torch.tensor([[1.0, 2.0, -1.0]]))
    factor = torch.tensor([[2.0, 0.0], [1.0, 3.0]]) / 64
    covariance = factor @ factor.T
    x = torch.tensor([0.75, 0.5]) + 0.05 * torch.randn(20, 2)
    d = x - torch.tensor([0.75, 0.5])
    bump = torch.exp(-0.5 * (d @ covariance.inverse() * d).sum(-1))
    torch.testing.assert_close(one(x), bump[:, None] * torch.tensor([1.0, 2.0, -1.0]), atol=1e-5, rtol=1e-4)


def test_what_a_place_sees_is_the_sum_within_a_thousandth():
    torch.manual_seed(1)
    x = torch.rand(2000, 2)
    many = gaussians()
    assert (many(x) - many.sum_all(x)).abs().max() < 1e-3
    few = gaussians(candidates=5)
    assert (few(x) - few.sum_all(x)).abs().max() > 1e-2  # the test above can fail


@pytest.mark.slow
def test_five_thousand_of_them():
    torch.manual_seed(1)
    many = Gaussians(2, 3, count=5000, samples=256, candidates=96, tiles=16, refresh=20)
    x = torch.rand(1000, 2)
    assert (many(x) - many.sum_all(x)).abs().max() < 1e-3


def test_candidates_follow_what_moves_when_it_is_time():
    torch.manual_seed(0)
    some = gaussians(candidates=30)
    x = torch.rand(500, 2)
    with torch.no_grad():
        some.place.copy_(some.place.flip(0))
    assert (some(x) - some.sum_all(x)).abs().max() > 1e-2
    some.advance(11, 100)  # every tenth step
    assert (some(x) - some.sum_all(x)).abs().max() > 1e-2
    some.advance(20, 100)
    assert (some(x) - some.sum_all(x)).abs().max() < 1e-2


def test_members_choose_for_themselves():
    config = fieldlab.compose("field=gaussians", "field.network.count=200", "field.network.candidates=40").field
    alone = [draw(lambda: build_field(config, dim=2, channels=3), seed) for seed in (0, 1)]
    ensemble = Ensemble(alone)
    with torch.no_grad():
        for name, parameter in ensemble.stacked.named_parameters():
            parameter.add_(0.1)
            for m, field in enumerate(alone):
                field.get_parameter(name).copy_(parameter[m])
    ensemble.advance(20, 100)
    x = torch.rand(2, 50, 2)
    for m, field in enumerate(alone):
        field.network.advance(20, 100)
        torch.testing.assert_close(ensemble(x)[m], field(x[m]))


def test_they_lie_in_a_plane():
    with pytest.raises(ValueError, match="lie in a plane"):
        Gaussians(3, 1, count=5, samples=8, candidates=2, tiles=2, refresh=1)
    with pytest.raises(ValueError, match="must be at least 1"):
        Gaussians(2, 1, count=0, samples=8, candidates=2, tiles=2, refresh=1)


@pytest.mark.slow
def test_a_fit_of_them_is_stored_with_its_candidates(clean_folder: Path):
    small = (
        "field.network.count=300",
        "field.network.samples=32",
        "field.network.tiles=4",
        "signal.size=32",
        "split=all",
    )
    [result] = fieldlab.fit(
        [fieldlab.compose("field=gaussians", *small, "steps=150", "optimizer=adam", "task.scores=1", "trainer=cpu", "logger=none", "compile=false", "folder=g")]
    )  # fmt: skip
    assert result.scores["full_psnr"] > 20
    field = load(clean_folder / "g")
    x = torch.rand(400, 2)
    whole = field.network.sum_all(x).clamp(0, 1)
    torch.testing.assert_close(field(x), whole, atol=2e-3, rtol=0)
