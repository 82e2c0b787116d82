"""Searching with Optuna, and fits that are steered from W&B."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
import yaml
from wandb.sdk.launch.sweeps import utils as sweep_utils

from conftest import CONF, SMALL, Command, slow
from fieldlab.runs.lock import claims
from fieldlab.runs.result import read_plan, read_result
from fieldlab.runs.trained import Training
from fieldlab.tasks.fit.module import FitModule

Installed = Callable[..., subprocess.CompletedProcess[str]]
QUICK = [*SMALL, "logger=none", "task.batch_size=null", "field.network.width=8"]
SEARCH = ["hydra.sweeper.trials=5", "hydra.sweeper.batch=3"]


def study(number: int = 0) -> optuna.Study:
    storage = "sqlite:///runs/tune/optuna.db"
    return optuna.load_study(study_name=optuna.get_all_study_names(storage)[number], storage=storage)


def results() -> list:
    return [read_result(file.parent) for file in Path("runs/tune").glob("*/result.json")]


@pytest.mark.slow
def test_a_ready_search_tunes_what_the_field_has(command: Command):
    code, out, _ = command("experiment=tune", *QUICK, *SEARCH, "field=gaussian,siren")
    assert code == 0
    found = [study(i) for i in (0, 1)]
    assert [len(s.trials) for s in found] == [5, 5]
    assert [set(s.best_params) for s in found] == [
        {"field.learning_rate", "field.encoding.sigma"}, {"field.learning_rate", "field.network.first_omega_0"}
    ]  # fmt: skip
    for number, field in enumerate(["gaussian", "siren"]):
        fits = [r for r in results() if r.field == field]
        assert len(fits) == 5
        best = max(fits, key=lambda r: r.scores["validation_psnr"])
        assert found[number].best_value == best.scores["validation_psnr"]
        rate = f"field.learning_rate={best.config['field']['learning_rate']:.4g}"
        assert f"best of {field}: {rate}" in out.splitlines()[-2 + number]
    assert "trial 3 of 5; best of gaussian" in out


@pytest.mark.slow
def test_a_field_declares_what_is_tuned_and_the_first_trial_is_the_field_as_it_is(command: Command):
    told = ["-m", "hydra/sweeper=optuna", *SEARCH, "study=tune", "optimizer=adam"]
    code, out, err = command(*told, *QUICK, "field=wire", "field.network.scale=12")
    assert code == 0, err
    assert "wire: 5 trials over field.learning_rate, field.network.omega_0\n" in out
    assert study().trials[0].params == {"field.learning_rate": 5e-3, "field.network.omega_0": 20.0}
    assert all("search" not in result.config["field"] for result in results())
    assert {result.config["field"]["network"]["scale"] for result in results()} == {12}


@pytest.mark.slow
def test_ranges_that_are_given_are_all_that_is_tuned(command: Command):
    told = ["-m", "hydra/sweeper=optuna", *SEARCH, "study=tune"]
    assert command(*told, *QUICK, "field=siren", "field.network.depth=int(interval(1,3))")[0] == 0
    assert set(study().best_params) == {"field.network.depth"}


@pytest.mark.slow
def test_a_study_of_searches_names_its_fields_and_signals(command: Command):
    small = ["signal.size=16", "steps=2", "budget=null", "compile=false", "logger=none", "hydra.sweeper.trials=1"]
    code, _, err = command("experiment=contenders_tuning", *small, "field=relu,grid", "field.network.width=8")
    assert code == 2
    assert "field.network.width" in err
    code, _, err = command("experiment=contenders_tuning", *small, "field=relu,siren_small")
    assert code == 0, err
    fits = [read_result(file.parent) for file in Path("runs/contenders_tuning").glob("*/result.json")]
    assert {(fit.field, fit.signal) for fit in fits} == {
        (field, signal) for field in ("relu", "siren_small") for signal in ("china", "flower")
    }


@pytest.mark.slow
def test_a_batch_is_one_launch_and_packed(command: Command, monkeypatch: pytest.MonkeyPatch):
    members = []
    whole = FitModule.configure_optimizers
    monkeypatch.setattr(
        FitModule, "configure_optimizers", lambda self: (members.append(self.ensemble.members), whole(self))[1]
    )
    assert command("experiment=tune", *QUICK, *SEARCH, "hydra.launcher.members=3")[0] == 0
    assert members.count(3) == 1
    assert members.count(2) == 1


@pytest.mark.slow
def test_launched_again_it_goes_on(command: Command):
    few = ["hydra.sweeper.trials=3", "hydra.sweeper.batch=3"]
    assert command("experiment=tune", *QUICK, *few)[0] == 0
    proposed = [trial.params for trial in study().trials]
    code, out, _ = command("experiment=tune", *QUICK, *SEARCH)
    assert code == 0
    assert "5 trials over field.learning_rate, field.network.first_omega_0; 3 of them are there already" in out
    assert [trial.params for trial in study().trials][:3] == proposed
    assert len({tuple(trial.params.values()) for trial in study().trials}) == 5
    code, out, _ = command("experiment=tune", *QUICK, *SEARCH)
    assert code == 0
    assert len(study().trials) == 5
    plan = read_plan(Path("runs/tune"))
    assert plan is not None
    assert len(plan.fits) == 5


@pytest.mark.slow
def test_interrupted_trials_are_asked_for_again(command: Command, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*arguments) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Training, "run", interrupt)
        assert command("experiment=tune", *QUICK, *SEARCH)[0] == 130
    begun = [trial.params for trial in study().trials]
    assert len(begun) == 3
    assert command("experiment=tune", *QUICK, *SEARCH)[0] == 0
    told = [trial for trial in study().trials if "told" in trial.user_attrs]
    assert [trial.params for trial in told][:3] == begun
    assert len(told) == 5


@pytest.mark.slow
def test_a_failing_trial_does_not_end_it(command: Command, monkeypatch: pytest.MonkeyPatch):
    whole = Training.run

    def sometimes(self: Training) -> None:
        if next(self.module.ensemble.parameters()).shape[1] == 6:
            raise RuntimeError("six is cursed")
        whole(self)

    monkeypatch.setattr(Training, "run", sometimes)
    space = ["field.learning_rate=1e-3", "field.network.first_omega_0=30", "field.network.width=6,8"]
    code, out, _ = command("experiment=tune", *QUICK[:-1], *space, "hydra.sweeper.trials=8", "hydra.sweeper.batch=8")
    assert code == 1
    assert "(RuntimeError: six is cursed)" in out
    states = {trial.params["field.network.width"]: trial.state.name for trial in study().trials}
    assert states == {"6": "FAIL", "8": "COMPLETE"}
    assert "best of siren: field.network.width=8" in out


@pytest.mark.slow
def test_a_trial_is_averaged_over_seeds_and_signals(command: Command):
    arguments = ["seed=0,1", "signal=camera,coins", "hydra.sweeper.trials=2", "hydra.sweeper.batch=2"]
    assert command("experiment=tune", *QUICK, *arguments)[0] == 0
    assert len(results()) == 8
    for trial in study().trials:
        rate = float(f"{trial.params['field.learning_rate']:.4g}")
        scores = [r.scores["validation_psnr"] for r in results() if r.config["field"]["learning_rate"] == rate]
        assert len(scores) == 4
        assert trial.value == pytest.approx(sum(scores) / 4)


@pytest.mark.quick(3)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["split=all"], "split: nothing validates here, so nothing can be tuned; take another, like split=stride"),
        (["field.learning_rate=1e-3", "field.network.first_omega_0=30"], "hydra.sweeper.params: there is nothing to tune"),
        (["optimizer=sgd", "field.learning_rate=interval(1e-5,1e-2)"], "field.learning_rate: its 2 values give one and the same fit"),
        *slow(
        (["optimizer=sgd", "field=relu"], "hydra.sweeper.params: there is nothing to tune"),
        (["hydra.sweeper.trials=0"], "hydra.sweeper.trials: 0 should be at least 1"),
        (["field.network.depth=int(interval(-20,2))"], "field.network: width and depth must be at least 1"),
        (["field.learning_rate=interval(3,1)"], "field.learning_rate: an interval from 3.0 to 1.0 should start below"),
        (["field.learning_rate=tag(log,interval(0,1))"], "field.learning_rate: an interval from 0.0 to 1.0 should start above 0"),
        (["signal=camera,nosuch"], "signal=nosuch: there is no such option"),
        (["seed=interval(0,3)"], "seed: a grid has no intervals"),
        (["field.network.widht=8,16"], "field.network.widht: there is no such key; did you mean width?"),
        (["field=siren,sirne"], "field=sirne: there is no such option; did you mean siren or"),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_is_named(command: Command, arguments: list[str], message: str):
    code, _, error = command("experiment=tune", *SMALL, "logger=none", *SEARCH, *arguments)
    assert code == 2
    assert error.startswith(f"fieldlab: {message}")
    assert error.count("\n") == 1
    assert not Path("runs").exists()


@pytest.mark.slow
def test_what_failed_is_asked_for_again_and_what_diverged_is_not(
    command: Command, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*arguments) -> None:
        raise RuntimeError("no room")

    few = ["hydra.sweeper.trials=2", "hydra.sweeper.batch=2"]
    with monkeypatch.context() as patch:
        patch.setattr(Training, "run", broken)
        assert command("experiment=tune", *QUICK, *few)[0] == 1
    failed = [trial.params for trial in study().trials]
    code, out, _ = command("experiment=tune", *QUICK, *few)
    assert code == 0
    assert "already" not in out
    assert [trial.params for trial in study().trials][2:] == failed
    code, out, _ = command("experiment=tune", *QUICK, *few)
    assert code == 0
    assert len(study().trials) == 4
    exploding = ["optimizer=sgd", "optimizer.lr=1e30", "study=tune", "field.network.first_omega_0=5,6"]
    for said in ("2 trials over", "2 of them are there already"):
        code, out, _ = command("experiment=tune", *QUICK, *few, *exploding, "steps=20")
        assert code == 1
        assert said in out
        assert "left out of the search: field.learning_rate" in caplog.text


@pytest.mark.slow
def test_another_space_is_another_search(command: Command):
    few = ["hydra.sweeper.trials=2", "hydra.sweeper.batch=2", "field.learning_rate=1e-3"]
    for space in ("interval(5,60)", "interval(100,200)", "5,6", "5,6,7"):
        code, out, _ = command("experiment=tune", *QUICK, *few, f"field.network.first_omega_0={space}")
        assert code == 0
        assert "already" not in out


@pytest.mark.slow
def test_a_search_that_runs_already_is_left_alone(command: Command):
    few = ["hydra.sweeper.trials=1", "hydra.sweeper.batch=1"]
    assert command("experiment=tune", *QUICK, *few)[0] == 0
    [name] = optuna.get_all_study_names("sqlite:///runs/tune/optuna.db")
    assert not list(Path("runs/tune").glob(".search*"))
    with claims([Path(f"runs/tune/.search-{name.rpartition('-')[2]}")]):
        code, _, error = command("experiment=tune", *QUICK, *SEARCH)
    assert code == 2
    assert error.startswith("fieldlab: study: process ")
    assert error.endswith("is at work on this search; wait for it\n")
    assert len(study().trials) == 1


@pytest.mark.slow
def test_the_ready_sweep_yaml_is_what_an_agent_can_run(clean_folder: Path):
    """As `wandb agent` does: parameters on the command line, the run's name in the environment."""
    sweep = yaml.safe_load((CONF.parent / "scripts/sweep.yaml").read_text())
    chosen = {
        key: {"value": choice.get("value", choice.get("values", [choice.get("min")])[0])}
        for key, choice in sweep["parameters"].items()
    }
    arguments = sweep_utils.create_sweep_command_args({"args": chosen})["args_no_hyphens"]
    assert sweep["command"][-1] == "${args_no_hyphens}"
    environment = {"WANDB_MODE": "offline", "WANDB_SWEEP_ID": "abc", "WANDB_RUN_ID": "chosen1"}
    program = Path(sys.executable).with_name(sweep["program"])
    done = subprocess.run(
        [program, *arguments, *SMALL], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    [result] = [read_result(file.parent) for file in Path("runs/sweep").glob("*/result.json")]
    assert sweep["metric"]["name"] in result.scores
    assert result.config["field"]["network"]["depth"] == 2
    [run] = Path("runs").rglob("offline-run-*")
    assert run.name.endswith("-chosen1")


def test_shapes_are_not_searched(command: Command):
    space = "field.learning_rate=interval(1e-5,1e-2)"
    code, _, error = command("-m", "hydra/sweeper=optuna", "task=surface", "signal.points=500", space)
    assert code == 2
    assert error.startswith("fieldlab: hydra/sweeper: runs of Surface have no score to search by; sweep with -m")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "message"),
    [("hydra.sweeper.trials=abc", "trials: 'abc' should be a whole number"), ("hydra.sweeper.average=signal", "average: 'signal'")],
)  # fmt: skip
def test_settings_of_other_types_are_named(installed: Installed, clean_folder: Path, override: str, message: str):
    """In a process of its own: here constructors are type-checked before fieldlab looks."""
    done = installed("fieldlab", "experiment=tune", override, cwd=clean_folder)
    assert done.returncode == 2
    assert done.stderr.startswith(f"fieldlab: hydra.sweeper.{message}")
