"""Inverse problems as runs: what is seen, what chooses, what is left, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import fieldlab
from conftest import assemble, build_member, make_module, slow
from fieldlab.config.compose import settle
from fieldlab.errors import InputError
from fieldlab.report.study import report
from fieldlab.report.verify import verify
from fieldlab.runs.result import Result
from fieldlab.runs.task import make_task
from fieldlab.tasks.inverse.measured import build_measured

Command = Callable[..., tuple[int, str, str]]
SMALL = (
    "task=inverse", "signal.size=24", "signal.channels=grey", "field.network.width=16", "steps=4", "task.scores=2", "compile=false",
    "trainer=cpu", "logger=none",
)  # fmt: skip
EVERY = ["downsample", "fourier", *slow("everywhere", "random", "projections", "blur", "motion", "blocks")]


def solve(*overrides: str) -> Result:
    given = {override.partition("=")[0] for override in overrides}
    [result] = fieldlab.fit([fieldlab.compose(*(o for o in SMALL if o.partition("=")[0] not in given), *overrides)])
    return result


@pytest.mark.parametrize("name", EVERY)
def test_every_observation_is_a_run(name: str):
    more = ["observe.side=6"] if name == "blocks" else []
    result = solve(f"observe={name}", "noise=readout", *more)
    assert result.status == "finished", (Path(result.config["folder"]) / "traceback.txt").read_text()
    assert {"train_error", "validation_error", "test_error", "full_psnr", "full_ssim"} <= result.scores.keys()
    assert result.yardsticks
    assert all(scores["full_psnr"] is not None for scores in result.yardsticks.values())
    folder = Path(result.config["folder"])
    left = {file.name for file in folder.iterdir()}
    assert left >= {"target.png", "reconstruction.png", "error.png", "measured.png", "weights.safetensors"}
    assert len([file for file in left if file.startswith("yardstick-")]) == len(result.yardsticks)
    assert result.grid == [24, 24]
    told, sound = verify(folder.parent)
    assert sound, told


def test_measurements_train_validate_and_test_by_themselves():
    module = make_module(fieldlab.compose(*SMALL, "observe=everywhere"))
    masks = torch.stack([module.samples.masks[part][0] for part in ("train", "validation", "test")])
    assert masks.sum(0).eq(1).all()
    assert masks.sum(1).tolist() == [547, 14, 15]
    seen = torch.cat([batch["measurements"].data["number"].flatten() for batch in module.samples.batches(3)])
    assert masks[0][seen].all()


def train(config: Any, truth: torch.Tensor | None = None) -> Any:
    """What trains a configuration, trained; with another truth behind the same measurements."""
    member = build_member(config)
    if truth is not None:
        other = replace(member.signal.truth, values=truth)
        member = replace(member, signal=replace(member.signal, truth=other))
    module, training = assemble([member])
    training.run()
    return module


def test_another_truth_changes_no_choice_and_no_yardstick():
    config = fieldlab.compose(
        *SMALL, "observe=everywhere", "noise=readout", "steps=12", "task.scores=6", "task.patience=1"
    )
    one, other = train(config), train(config, torch.rand(24, 24, 1))
    assert one.progress[0].stopped_at == other.progress[0].stopped_at
    for mine, others in zip(one.ensemble.parameters(), other.ensemble.parameters(), strict=True):
        assert mine.equal(others)
    mine, others = one.outcome(0), other.outcome(0)
    assert mine["scores"]["validation_error"] == others["scores"]["validation_error"]
    assert mine["scores"]["full_psnr"] != others["scores"]["full_psnr"]
    for name, values in one.classical.items():
        assert values.equal(other.classical[name])


def test_noise_and_choice_of_measurements_are_alike_for_fields_and_seeds():
    one, other = (
        build_measured(settle(fieldlab.compose(*SMALL, "observe=random", "noise=both", *more)))
        for more in (["seed=0"], ["seed=3", "field=gaussian"])
    )
    assert one.values.equal(other.values)
    noisier = build_measured(settle(fieldlab.compose(*SMALL, "observe=random", "noise=both", "noise.seed=1")))
    assert not noisier.values.equal(one.values)


def test_the_loss_is_that_of_observed_and_measured():
    module = make_module(fieldlab.compose(*SMALL, "observe=downsample", "task.batch_size=null"))
    [batch] = module.samples.batches(1)
    points = batch["measurements"]
    values = module.ensemble(module.x.expand(1, -1, -1))
    observed = module.observation.measure(values)[:, points.data["number"][0]]
    wanted = (observed - points.data["measured"]).square().mean()
    torch.testing.assert_close(module.total(batch)[0], wanted)


def test_batches_count_points_of_the_field():
    module = make_module(fieldlab.compose(*SMALL, "observe=downsample", "task.batch_size=64"))
    [batch] = module.samples.batches(1)
    assert batch["measurements"].x.shape[1] == 64 // 16


@pytest.mark.slow
def test_a_sampling_sees_what_measurements_cost():
    assert solve("observe=everywhere", "sampling=soft_mining", "task.batch_size=64").status == "finished"


def test_variation_is_a_constraint():
    module = make_module(
        fieldlab.compose(*SMALL, "supervise=measurements_tv", "supervise.constraints.variation.weight=0.5")
    )
    [batch] = module.samples.batches(1)
    slopes = fieldlab.operators.gradient(module.ensemble, batch["space"].x)
    without = make_module(fieldlab.compose(*SMALL))
    rest = without.total({"measurements": batch["measurements"]})
    torch.testing.assert_close(module.total(batch), rest + 0.5 * slopes.norm(dim=-1).mean())


NOISY = (
    "signal.size=32", "observe=everywhere", "noise.readout=0.3", "split.fraction=0.6", "field.network.width=64",
    "field.network.first_omega_0=6", "steps=200", "task.scores=20",
)  # fmt: skip


def test_patience_ends_where_held_out_measurements_are_explained_best():
    stopped, whole = solve(*NOISY, "task.patience=2"), solve(*NOISY)
    assert stopped.stopped_at is not None
    assert 0 < stopped.stopped_at < 200
    assert stopped.curve[-1]["step"] == stopped.stopped_at
    assert stopped.scores["validation_error"] < whole.scores["validation_error"]  # type: ignore[operator]
    assert stopped.scores["full_psnr"] > whole.scores["full_psnr"] + 1  # type: ignore[operator]


@pytest.mark.slow
def test_without_an_end_before_the_last_step_the_best_is_kept_too():
    kept, ended = solve(*NOISY, "task.patience=100"), solve(*NOISY, "task.patience=2")
    assert kept.stopped_at is not None
    assert kept.scores["validation_error"] <= ended.scores["validation_error"]  # type: ignore[operator]


@pytest.mark.slow
def test_a_phantom_from_few_noisy_projections_beats_back_projection():
    result = solve(
        "signal=phantom", "signal.size=32", "observe=projections", "observe.angles=12", "noise.readout=0.06",
        "field.network.first_omega_0=8", "field.network.width=64", "steps=150", "task.scores=1", "field.learning_rate=1e-3",
    )  # fmt: skip
    back = result.yardsticks["filtered back projection"]["full_psnr"]
    assert result.scores["full_psnr"] > back + 1  # type: ignore[operator]


@pytest.mark.slow
def test_a_noisy_photo_is_denoised():
    result = solve("signal.size=64", "observe=everywhere", "noise.readout=0.1", "field=gaussian", "field.encoding.sigma=4", "field.network.width=128",
                   "steps=300", "field.learning_rate=3e-3", "task.patience=3", "task.scores=20")  # fmt: skip
    assert result.scores["full_psnr"] > result.yardsticks["as measured"]["full_psnr"] + 3  # type: ignore[operator]


@pytest.mark.slow
def test_a_study_reports_yardsticks_and_pictures(command: Command):
    code, out, err = command(
        "-m", *SMALL, "field=siren,relu", "observe=random", "observe.fraction=0.3", "study=holes", "seed=0"
    )
    assert code == 0, err
    assert "biharmonic" in out
    assert "validation error" in out
    assert "PSNR against the truth" in out
    page = Path("runs/holes/report.html").read_text()
    assert "held-out measurements" in page
    table = report(Path("runs/holes"))
    assert "observe" not in table.splitlines()[0]  # the same for all


def test_a_mask_of_ones_own(command: Command):
    mask = np.full((24, 24), 255, np.uint8)
    mask[8:16] = 0
    Image.fromarray(mask).save("mask.png")
    code, _, err = command(*SMALL, "observe=mask", "observe.path=mask.png", "study=own")
    assert code == 0, err
    [folder] = [file.parent for file in Path("runs/own").glob("*/result.json")]
    shown = np.asarray(Image.open(folder / "measured.png").convert("L"))
    scale = len(shown) // 24
    assert (shown[8 * scale : 16 * scale] == 127).all() or (shown[8 * scale : 16 * scale] == 128).all()


@pytest.mark.slow
def test_a_search_looks_at_held_out_measurements(command: Command):
    code, out, err = command(
        "-m",
        *SMALL,
        "hydra/sweeper=optuna",
        "hydra.sweeper.trials=2",
        "hydra.sweeper.batch=2",
        "study=tuned",
        "observe=everywhere",
    )
    assert code == 0, err
    assert "validation error" in out


@pytest.mark.quick(5)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["observe=blur"], "observe: belongs to task=inverse; add task=inverse"),
        (["task=inverse", "signal=torus_knot"], "torus_knot has no grid"),
        (["task=inverse", "supervise=value"], "take supervise=measurements"),
        (["task=inverse", "noise=photon", "observe=fourier"], "noise.readout suits them"),
        (["task=inverse", "noise.photons=-1"], "noise: photons must be positive"),
        (["task=inverse", "observe=mask"], "observe.path: needs a value"),
        (["task=inverse", "observe=mask", "observe.path=no.png"], "no.png"),
        (["task=inverse", "observe=projections", "signal=astronaut"], "square pictures of one channel"),
        (["task=inverse", "task.patience=0"], "patience must be at least 1"),
        (["task=inverse", "field=gaussian", "field.encoding.sigma=auto"], "auto is judged by values"),
        (["task=inverse", "supervise.constraints.measurements.residual=observd - measured"], "observd"),
        (["task=inverse", "supervise.constraints.measurements.region=space"], "measured is known at samples"),
        (["task=inverse", "hydra.mode=RUN", "split.fraction=2"], "fraction must be between 0 and 1"),
    ],
)
def test_bad_input_is_one_line(command: Command, arguments: list[str], message: str):
    code, _, err = command(*arguments, "logger=none", "trainer=cpu", "compile=false", "steps=1")
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not Path("runs").exists()


def test_several_devices_are_refused():
    config = settle(fieldlab.compose(*SMALL))
    with pytest.raises(InputError, match="one device"):
        make_task(config).check(config, 2, lambda *key, look: look())
