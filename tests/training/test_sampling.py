"""Which samples a step sees, and how much each of them counts."""

from collections.abc import Callable

import pytest
import torch
from omegaconf import DictConfig

import fieldlab
from conftest import make_module, options
from fieldlab.config.compose import settle
from fieldlab.errors import InputError
from fieldlab.runs.check import Checks
from fieldlab.signals import splits
from fieldlab.signals.grid import Grid
from fieldlab.tasks.fit.knowledge import measure_slopes
from fieldlab.training.constraints import Constraint, Points, Reading
from fieldlab.training.sampling.by_error import ByError
from fieldlab.training.sampling.evos import Evos
from fieldlab.training.sampling.sampling import Drawn, Sampling, Sights

Small = Callable[..., DictConfig]
CPU = torch.device("cpu")


class Losses:
    """Losses that grow with the number of a sample, and how often they were looked at."""

    def __init__(self, members: int = 1, size: int = 40) -> None:
        self.values = torch.arange(float(size)).repeat(members, 1) + torch.arange(float(members))[:, None]
        self.looks = 0

    def __call__(self, region: str) -> torch.Tensor:
        self.looks += 1
        return self.values


def begin(sampling: Sampling, losses: Losses, seeds: tuple[int, ...] = (0,), steps: int = 200) -> Sampling:
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    sampling.begin({"all": losses.values.shape[1]}, generators, CPU, steps, Sights(losses, None))
    return sampling


def by_error(every: int = 50, uniform: float = 0.1, alpha: float = 1.0) -> ByError:
    return ByError(every=every, uniform=uniform, alpha=alpha)


def draw(sampling: Sampling, count: int, steps: int = 1) -> list[Drawn]:
    return list(sampling.draw("all", count, steps))


def probabilities(losses: Losses, uniform: float) -> torch.Tensor:
    size = losses.values[0].sqrt()
    return (1 - uniform) * size / size.sum() + uniform / len(size)


def test_samples_are_drawn_by_the_root_of_their_loss():
    losses = Losses()
    [drawn] = draw(begin(by_error(), losses), 400_000)
    shares = drawn.index[0].bincount(minlength=40) / 400_000
    torch.testing.assert_close(shares, probabilities(losses, 0.1), atol=5 * (0.05 / 400_000) ** 0.5, rtol=0)


def test_weights_make_the_loss_unbiased():
    """The expectation of weight times cost, in closed form: sum_i q_i f_i / (k q_i) is the mean of f."""
    losses, f = Losses(), torch.linspace(-1, 3, 40) ** 3
    [drawn] = draw(begin(by_error(), losses), 4000)
    assert drawn.weights is not None
    q = probabilities(losses, 0.1)
    torch.testing.assert_close(drawn.weights[0], 1 / (40 * q[drawn.index[0]]))
    weights = torch.zeros(40).scatter(0, drawn.index[0], drawn.weights[0])
    assert (weights > 0).all()
    torch.testing.assert_close((q * weights * f).sum(), f.mean())
    assert drawn.weights.max() <= 1 / 0.1 + 1e-6


@pytest.mark.parametrize("uniform", [1.0, 0.3])
def test_without_alpha_there_are_no_weights_and_all_alike_is_uniform(uniform: float):
    [free] = draw(begin(by_error(uniform=uniform, alpha=0.0), Losses()), 100)
    assert free.weights is not None
    assert (free.weights == 1).all()
    [alike] = draw(begin(by_error(uniform=1.0), Losses()), 100)
    torch.testing.assert_close(alike.weights, torch.ones(1, 100))


def test_where_there_is_no_loss_all_are_alike():
    losses = Losses()
    losses.values = torch.zeros(1, 40)
    [drawn] = draw(begin(by_error(), losses), 1000)
    torch.testing.assert_close(drawn.weights, torch.ones(1, 1000))
    assert drawn.index.unique().numel() == 40


def test_losses_are_looked_at_again_when_it_is_time():
    losses = Losses()
    draw(begin(by_error(every=30), losses), 4, steps=91)
    assert losses.looks == 4
    losses = Losses()
    draw(begin(Evos(first_interval=100, last_interval=50, mutation=0.5), losses, steps=200), 4, steps=200)
    assert losses.looks == 3  # at 0, at 100 and, 75 steps later, at 175


def test_evos_keeps_the_worst_and_draws_the_others():
    sampling = begin(Evos(first_interval=100, last_interval=50, mutation=0.25), Losses())
    for drawn in draw(sampling, 12, steps=20):
        seen = drawn.index[0]
        assert drawn.weights is None
        assert set(seen[:9].tolist()) == set(range(31, 40))
        assert len(seen.unique()) == 12
    assert sampling.count(100, 40) == by_error().count(100, 40) == 40


@pytest.mark.parametrize("sampling", [by_error, lambda: Evos(first_interval=7, last_interval=3, mutation=0.5)])
def test_members_draw_what_they_would_draw_alone(sampling: Callable[[], Sampling]):
    both = Losses(2)
    alone = [Losses() for _ in range(2)]
    for member, losses in enumerate(alone):
        losses.values = both.values[[member]]
    together = draw(begin(sampling(), both, (3, 4)), 8, steps=20)
    for member, losses in enumerate(alone):
        for one, of_all in zip(draw(begin(sampling(), losses, (3 + member,)), 8, steps=20), together, strict=True):
            assert torch.equal(one.index[0], of_all.index[member])


@pytest.mark.parametrize("kind", ["squared", "absolute"])
def test_constraints_weigh_points(kind: str):
    constraint = Constraint(region="all", residual="value - target", norm=kind, weight=2.0)  # type: ignore[arg-type]
    x, target, weights = torch.rand(2, 5, 2), torch.rand(2, 5, 3), torch.rand(2, 5)
    batch = {"all": Points(x, {"target": target}, 1.0, weights)}
    field = lambda x: x.sum(-1, keepdim=True).expand(-1, -1, 3)  # noqa: E731
    residual = field(x) - target
    cost = residual.square() if kind == "squared" else residual.abs()
    torch.testing.assert_close(constraint(Reading(field, batch)), 2 * (cost.mean(2) * weights).mean(1))


def test_the_gradient_is_where_the_picture_is_steep(small: Small):
    module = make_module(small("sampling=gradient", "split=all", "task.batch_size=64"))
    slopes = module.find_slopes("all")
    picture = module.signals[0].values[..., 0]
    down, across = (picture[2:, 1:-1] - picture[:-2, 1:-1]), (picture[1:-1, 2:] - picture[1:-1, :-2])
    inside = slopes.view(32, 32)[1:-1, 1:-1]
    torch.testing.assert_close(inside, 32 / 2 * (down.square() + across.square()).sqrt(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("split", [splits.stride, splits.columns, splits.everything])
def test_held_out_samples_do_not_say_where_it_is_steep(split: Callable):
    grid = Grid("noise", torch.rand(16, 16, 1), "centers")
    held = split((16, 16))
    before = measure_slopes(grid, held, "central")
    grid.values.flatten()[~held.train] = 0.0
    assert torch.equal(before, measure_slopes(grid, held, "central"))
    assert (before[held.train] > 0).any()
    assert not before[~held.train].any()


def test_losses_at_points_add_up_to_the_loss(small: Small):
    module = make_module(small("split=all", "task.batch_size=null", "supervise=laplacian", "field=siren"))
    [batch] = module.samples.batches(1)
    torch.testing.assert_close(module.point_losses("all").mean(1), module.total(batch).detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("sampling", options("sampling"))
def test_every_sampling_trains(small: Small, sampling: str):
    [result] = fieldlab.fit([small(f"sampling={sampling}", "task.batch_size=64", "steps=30", "logger=none")])
    assert result.status == "finished"
    curve = result.scores["train_psnr"]
    assert curve is not None
    assert curve > 10


REFUSED = [
    (["sampling=error", "task.batch_size=null"], "sampling: batch_size null takes all samples at each step"),
    (["sampling=error", "sampling.uniform=0"], "uniform is a share"),
    (["sampling=error", "sampling.alpha=2"], "alpha must be from 0"),
    (["sampling=error", "sampling.every=0"], "every must be at least 1 step"),
    (["sampling=gradient", "split=random", "split.fraction=0.5"], "sampling: only training samples on a lattice"),
    (["sampling=evos", "sampling.mutation=1.5"], "mutation is a share"),
    (["sampling=evos", "sampling.last_interval=0"], "intervals must be at least 1 step"),
]


@pytest.mark.parametrize(("overrides", "line"), REFUSED)
def test_what_cannot_be_sampled_so_is_refused(small: Small, overrides: list[str], line: str):
    with pytest.raises(InputError, match=line):
        Checks().check(settle(small(*overrides)))


def test_clouds_have_no_gradient_to_sample_by():
    config = fieldlab.compose(
        "task=surface", "sampling=gradient", "signal.points=500", "field.network.width=16", "trainer=cpu"
    )
    with pytest.raises(InputError, match="sampling: only training samples on a lattice"):
        Checks().check(settle(config))


def test_the_old_key_of_replacement_is_told():
    with pytest.raises(InputError, match=r"is called sampling\.replacement now"):
        fieldlab.compose("task.replacement=true")
