"""`seconds`: as many steps as take so long, a number that is decided once and stands in result.json and config.yaml."""

from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

import fieldlab
from fieldlab.config.fingerprint import hash_run
from fieldlab.errors import InputError
from fieldlab.runs import duration
from fieldlab.tasks.fit.module import FitModule

Small = Callable[..., DictConfig]
OPTIONS = ("logger=none", "compile=false", "seconds=0.4", "task.scores=2")


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What a step is said to take."""
    seconds = [0.01]
    monkeypatch.setattr(duration, "time_steps", lambda task, members, steps, compiled: steps * seconds[0])
    return seconds


def test_steps_fill_the_seconds_and_the_schedule_follows(small: Small, step: list[float]):
    [result] = fieldlab.fit([small(*OPTIONS)])
    assert (result.status, result.steps, result.curve[-1]["step"]) == ("finished", 40, 40)
    kept = OmegaConf.load(Path(result.config["folder"]) / "config.yaml")
    assert (kept.seconds, kept.steps, kept.schedule.T_max) == (0.4, 40, 40)
    assert (result.config["seconds"], result.config["steps"]) == (0.4, "auto")


def test_it_is_the_fit_of_that_many_steps(small: Small, step: list[float]):
    [chosen] = fieldlab.fit([small(*OPTIONS)])
    [given] = fieldlab.fit([small(*OPTIONS, "seconds=null", "steps=40")])
    assert chosen.scores == given.scores


def test_what_is_asked_counts_and_not_what_was_decided(small: Small, step: list[float]):
    first = hash_run(small(*OPTIONS))
    step[0] = 0.02
    assert hash_run(small(*OPTIONS, "steps=7")) == first
    assert len({first, hash_run(small(*OPTIONS, "seconds=0.5")), hash_run(small(*OPTIONS, "seconds=null"))}) == 3


def test_steps_are_really_timed_and_leave_nothing_behind(small: Small):
    [result] = fieldlab.fit([small(*OPTIONS, "seconds=0.2")])
    assert result.status == "finished"
    assert result.steps == result.curve[-1]["step"] >= 1
    assert len(result.curve) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("left", [(), ("field.network.first_omega_0=auto",)], ids=["", "auto"])
def test_an_interrupted_fit_keeps_its_number(
    left: tuple[str, ...], small: Small, step: list[float], monkeypatch: pytest.MonkeyPatch
):
    config, whole = small(*OPTIONS, *left, "seconds=1", "checkpoint_minutes=0"), FitModule.training_step

    def second(self: FitModule, chunk, number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt
        whole(self, chunk, number)

    with monkeypatch.context() as patch:
        patch.setattr(FitModule, "training_step", second)
        with pytest.raises(KeyboardInterrupt):
            fieldlab.fit([config])
    step[0] = 0.5
    [result] = fieldlab.fit([config])
    assert (result.status, result.steps) == ("finished", 100)


def test_fits_that_a_roll_needs_take_seconds_of_their_own():
    config = fieldlab.compose("task=roll", "memorise.seconds=5")
    assert (config.memorise.steps, config.memorise.schedule.T_max) == ("auto", "auto")
    assert config.steps == config.schedule.T_max == 200


def test_a_trial_run_is_short_whatever_is_asked(small: Small):
    assert fieldlab.compose("seconds=1000", "debug=true").steps == 10


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (["seconds=0"], "seconds: 0 should be positive, or null for `steps`"),
        (["seconds=null", "steps=auto"], "steps: auto are as many as take `seconds`, of which there are none"),
        (["seconds=soon"], "seconds: 'soon' should be a number or null"),
    ],
)
def test_what_cannot_be_is_refused(small: Small, settings: list[str], line: str):
    with pytest.raises(InputError, match=line):
        fieldlab.fit([small(*OPTIONS, *settings)])
