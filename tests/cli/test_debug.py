"""Trials: debug=true runs what was asked for, shortly and without a trace elsewhere."""

import json
from pathlib import Path

import pytest

from conftest import SMALL, Command, compose_small, rolling
from fieldlab.runs.result import read_result
from fieldlab.sweeps.sweep import empty_trials

ASKED = ("signal.size=32", "field.network.width=16", "steps=400", "trainer=cpu", "logger.mode=offline")


def test_a_trial_is_short_and_apart(command: Command):
    code, out, error = command(*ASKED, "field=gaussian", "debug=true", "study=mine")
    assert (code, error) == (0, "")
    folder = Path(out.split()[-1])
    assert folder.parent == Path("runs/debug")
    result = read_result(folder)
    assert (result.steps, [point["step"] for point in result.curve], result.field) == (10, [10], "gaussian")
    assert result.config["schedule"]["T_max"] == 10
    assert not list(folder.glob("wandb"))
    assert [path.name for path in Path("runs").iterdir()] == ["debug"]


@pytest.mark.slow
def test_a_trial_is_no_result_of_the_study(command: Command):
    sweep = ("-m", *(o for o in SMALL if not o.startswith("steps")), "steps=12", "logger=none", "study=mine")
    assert command(*sweep, "debug=true")[0] == 0
    code, out, _ = command(*sweep)
    assert code == 0
    assert "skipped" not in out
    assert {r.steps for r in map(read_result, Path("runs/mine").glob("*/"))} == {12}


@pytest.mark.slow
def test_each_trial_of_a_sweep_stands_alone(command: Command):
    small = [*SMALL, "debug=true"]
    assert command("-m", *small, "seed=0,1")[0] == 0
    code, out, _ = command("-m", *small, "seed=2")
    assert code == 0
    assert "skipped" not in out
    assert [fit["seed"] for fit in json.loads(Path("runs/debug/plan.json").read_text())["fits"]] == [2]
    assert len(list(Path("runs/debug").glob("*/result.json"))) == 1


@pytest.mark.parametrize("compose", [compose_small, rolling])
def test_a_trial_has_at_most_ten_steps(compose):
    config = compose("debug=true", "steps=40")
    assert (config.steps, config.resume, config.checkpoint_minutes) == (10, False, None)
    assert config.logger._target_.endswith("Silence")
    if config.get("memorise"):
        assert (config.memorise.steps, config.memorise.folder) == (10, "runs/debug")
    assert compose("debug=true", "steps=3").steps == 3


def test_a_trial_empties_no_folder_of_ones_own():
    for study in ("mine", "debug"):
        Path(f"runs/{study}/earlier").mkdir(parents=True)
        Path(f"runs/{study}/earlier/result.json").write_text("{}")
    empty_trials(compose_small("debug=true", "folder=runs/mine/x"))
    assert Path("runs/mine/earlier/result.json").exists()
    empty_trials(compose_small("debug=true"))
    assert not Path("runs/debug/earlier").exists()
