"""The launcher composes and checks a whole sweep before its first fit, and each thing once."""

from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from PIL import Image

import fieldlab.runs.check
import fieldlab.signals.build
import fieldlab.sweeps.sweep
import fieldlab.tasks.field_check
from conftest import SMALL, Command
from fieldlab.field import build_field
from fieldlab.runs.result import read_plan, read_result


@pytest.mark.slow
def test_each_choice_of_groups_is_composed_once(command: Command, monkeypatch: pytest.MonkeyPatch):
    compose = Mock(side_effect=ConfigLoaderImpl.load_sweep_config, autospec=True)
    monkeypatch.setattr(ConfigLoaderImpl, "load_sweep_config", lambda *arguments: compose(*arguments))
    grid = ["field=relu,gaussian", "seed=range(3)", "optimizer.lr=1e-3,2e-3"]
    assert command("-m", *SMALL, *grid, "logger=none", "study=many")[0] == 0
    assert compose.call_count == 2
    results = [read_result(file.parent) for file in Path("runs/many").glob("*/result.json")]
    assert len(results) == 12
    assert {(r.field, r.seed, r.config["optimizer"]["lr"]) for r in results} == {
        (field, seed, lr) for field in ("relu", "gaussian") for seed in range(3) for lr in (1e-3, 2e-3)
    }
    for result in results:  # a value on a copy is what Hydra would have composed
        part = "identity" if result.field == "relu" else "gaussian"
        assert part in str(result.config["field"]["encoding"]["_target_"])


@pytest.mark.slow
def test_each_thing_is_checked_once(command: Command, monkeypatch: pytest.MonkeyPatch):
    made = Mock(side_effect=build_field)
    trained = Mock(side_effect=fieldlab.tasks.field_check.check_training)
    monkeypatch.setattr(fieldlab.tasks.field_check, "build_field", made)
    monkeypatch.setattr(fieldlab.tasks.field_check, "check_training", trained)
    assert command("-m", *SMALL, "field=relu,siren", "seed=range(4)", "logger=none")[0] == 0
    assert made.call_count == 2
    assert trained.call_count == 2  # each preset has a learning rate of its own


@pytest.mark.quick(1)
@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("field.network.width=8,0", "field.network: width and depth must be at least 1"),
        ("optimizer.lr=1e-3,-1", "optimizer or schedule: lr must not be negative, but is -1"),
        ("signal.path=skimage:camera.png,nowhere.png", "signal.path: there is no file nowhere.png"),
        ("steps=2,two", "steps: 'two' should be a whole number"),
        ("field=relu,rleu", "field=rleu: there is no such option"),
        ("hydra.launcher.members=0", "hydra.launcher.members: 0 should be at least 1, or null"),
    ],
)
def test_a_mistake_in_the_last_fit_is_found_before_the_first(command: Command, mistake: str, message: str):
    code, _, error = command("-m", *SMALL, "seed=0,1,2", mistake)
    assert code == 2
    assert error.startswith(f"fieldlab: {message}")
    assert error.count("\n") == 1
    assert not Path("runs").exists()


@pytest.mark.slow
def test_top_level_values_have_their_types(command: Command):
    assert command("-m", *SMALL, "steps=3,4", "compile=false,no", "checkpoint_minutes=5", "logger=none")[0] == 0
    found = [read_result(file.parent).config for file in Path("runs/fit").glob("*/result.json")]
    assert sorted(config["steps"] for config in found) == [3, 4]
    assert {config["compile"] for config in found} == {False}
    assert {config["checkpoint_minutes"] for config in found} == {5}


@pytest.mark.slow
def test_values_of_nested_and_interpolated_keys(command: Command):
    arguments = ["field=gaussian", "field.encoding.sigma=1,2", "+trainer.deterministic=true", "study=${signal.name}"]
    assert command("-m", *SMALL, *arguments, "logger=none")[0] == 0
    plan = read_plan(Path("runs/camera"))
    assert plan is not None
    assert len({fit.folder for fit in plan.fits}) == 2


@pytest.mark.slow
def test_a_photo_that_goes_during_the_sweep_costs_its_fits_alone(command: Command, monkeypatch: pytest.MonkeyPatch):
    for name in ("a", "b"):
        Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(f"{name}.png")
    small = [part for part in SMALL if not part.startswith("signal.size")]
    whole = fieldlab.sweeps.sweep.record_plan

    def gone(checked) -> None:
        Path("a.png").unlink()
        fieldlab.signals.build.build_signal.cache_clear()
        whole(checked)

    monkeypatch.setattr(fieldlab.sweeps.sweep, "record_plan", gone)
    code, out, err = command("-m", *small, "signal=image", "signal.path=a.png,b.png", "logger=none")
    assert err == ""
    assert code == 1
    assert "siren a s0: failed (InputError: signal.path: there is no file a.png)" in out
    assert "siren b s0: PSNR" in out
