"""On the way fits are scored at a fixed sample that is small beside the steps; at the end at all samples."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import DictConfig

import fieldlab
from conftest import build_member, make_module
from fieldlab.metrics import align, psnr
from fieldlab.runs.computation import Watchers
from fieldlab.runs.result import Result
from fieldlab.runs.task import make_task
from fieldlab.tasks.fit.module import FitModule
from fieldlab.tasks.fit.scored import draw_sample, score_all, score_some
from fieldlab.training.field_module import SCORED_SHARE

Small = Callable[..., DictConfig]
BATCHES = ("task.batch_size=64", "task.scores=2", "steps=10")


def module(small: Small, *overrides: str) -> FitModule:
    built: FitModule = make_module(small("logger=none", *overrides))
    built.to_device()
    return built


@pytest.mark.parametrize("split", ["stride", "checkerboard", "random", "all"])
def test_at_most_a_share_of_what_was_trained_on_is_scored(small: Small, split: str):
    some = module(small, *BATCHES, f"split={split}").some
    assert some.x.shape[1] == int(SCORED_SHARE * 5 * 64)
    for part, weights in module(small, *BATCHES, f"split={split}").all.weights.items():
        assert some.weights[part].sum().item() == pytest.approx(weights.sum().item())  # together they stand for all


def test_every_kind_of_sample_is_seen_equally_often(small: Small):
    some = module(small, *BATCHES, "split=stride").some
    assert [(some.weights[part] > 0).sum().item() for part in ("train", "validation", "test")] == [16, 16, 16]


def test_a_kind_that_is_rare_is_taken_whole():
    parts = torch.zeros(2, 100, dtype=torch.bool)
    parts[0, :3] = True
    parts[1, 3:] = True
    index, stands_for = draw_sample(parts, 20)
    assert index[:3].tolist() == [0, 1, 2]
    assert len(index) == 20
    assert stands_for.tolist() == pytest.approx([1.0] * 3 + [97 / 17] * 17)


def test_the_sample_is_the_signals_and_not_the_fits(small: Small):
    one, other = (
        module(small, *BATCHES, f"seed={seed}", field).some for seed, field in ((0, "field=relu"), (7, "field=siren"))
    )
    assert torch.equal(one.x, other.x)
    assert torch.equal(one.y, other.y)


def test_where_steps_are_large_the_sample_is_all(small: Small):
    built = module(small, "task.batch_size=null", "steps=100", "task.scores=1")
    assert torch.equal(built.some.x, built.samples.x)


def test_the_estimate_is_of_all_samples(small: Small):
    """Over many samples of 1 in 8 the mean squared error that they say is the whole one's."""
    built = module(small, "split=checkerboard")
    noise = torch.rand(built.samples.y.shape) * torch.linspace(0, 0.2, 1024)[:, None]
    spoiled = (built.samples.y - noise).clamp(0, 1)
    everything = score_all(built.samples)
    some = score_some(built.samples, 128)
    picked = torch.cdist(some.x[0], built.samples.x[0]).argmin(1)
    for part, weights in some.weights.items():
        whole = psnr(spoiled, built.samples.y, everything.weights[part]).item()
        assert psnr(spoiled[:, picked], some.y, weights).item() == pytest.approx(whole, abs=1.5)


def test_what_is_free_is_fitted_with_the_same_weights():
    target = torch.rand(1, 50, 1)
    weights = torch.cat([torch.ones(1, 25), torch.full((1, 25), 3.0)], dim=1)
    repeated = torch.cat([target[:, :25], target[:, 25:].repeat(1, 3, 1)], dim=1)
    wrong = torch.rand(1, 50, 1)
    twice = torch.cat([wrong[:, :25], wrong[:, 25:].repeat(1, 3, 1)], dim=1)
    ones = torch.ones(1, 100, dtype=torch.bool)
    for free in ("offset", "gain_and_offset"):
        torch.testing.assert_close(align(wrong, target, free, weights), align(twice, repeated, free, ones)[:, :50])


def fit(small: Small, *overrides: str) -> Result:
    [result] = fieldlab.fit([small("logger=none", *overrides)])
    assert result.status == "finished", result.error
    return result


def test_the_curve_ends_with_all_samples_and_ssim(small: Small):
    result = fit(small, *BATCHES, "supervise.derivatives=true")
    on_the_way, last = result.curve
    assert {*last} - {*on_the_way} == {"full_ssim", "full_ms_ssim", "full_vif", "gradient_psnr", "laplacian_psnr"}
    assert {name: value for name, value in last.items() if name not in ("step", "seconds")} == result.scores


def test_a_result_says_what_its_time_was_spent_on(small: Small):
    result = fit(small, *BATCHES)
    assert result.wall_seconds
    assert result.seconds
    assert min(result.seconds, result.scoring_seconds) > 0
    assert result.compiling_seconds == 0
    assert result.seconds + result.scoring_seconds < result.wall_seconds


class Pictures:
    """Who is shown pictures, and after which steps."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def log(self, m: int, step: int, scores: Any, pictures: dict[str, np.ndarray]) -> None:
        if pictures:
            assert pictures["reconstruction"].shape[:2] == (16, 16)
            self.steps.append(step)


@pytest.mark.parametrize(
    ("split", "batch_size", "drawn"),
    [("all", "null", [20, 40, 60, 80, 100]), ("stride", "null", [40, 80, 100]), ("stride", "8", [100])],
)
def test_pictures_on_the_way_cost_little(small: Small, split: str, batch_size: str, drawn: list[int]):
    """256 pixels are drawn where at least 1,707 have been trained on since the last picture."""
    quick = ("field.network.width=8", "signal.size=16", "steps=100", "task.scores=5")
    member = build_member(small(*quick, f"split={split}", f"task.batch_size={batch_size}"))
    pictures = Pictures()
    make_task(member.config).compute([member], Watchers(pictures.log, 5)).run()
    assert pictures.steps == drawn
