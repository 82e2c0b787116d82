"""What lies in the offline log of a fit, and how the mode is chosen."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import wandb
from omegaconf import DictConfig

sys.path.append(str(Path(__file__).parent))
import wandb_log

import fieldlab
from conftest import SMALL, Command, rolling, seeing
from fieldlab.runs.tracking import wandb_runs
from fieldlab.runs.tracking.wandb_runs import WandbRuns, choose_mode, run_id

Compose = Callable[..., DictConfig]
BOTH_SEEDS = ("-m", *SMALL, "seed=0,1", "study=both")


@pytest.fixture(autouse=True)
def undecided(monkeypatch: pytest.MonkeyPatch):
    """No mode chosen yet, and no key to be found."""
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    choose_mode.cache_clear()
    yield
    choose_mode.cache_clear()


def log_of(folder: str | Path) -> Path:
    (file,) = Path(folder).glob("wandb/offline-run-*/*.wandb")
    return file


def test_each_member_has_a_run_with_its_curve_and_pictures(small: Compose):
    configs = [
        small(f"seed={seed}", "steps=60", "task.scores=3", "logger.mode=offline", "logger.pictures=2", "logger.tags=[mine]", "study=both")
        for seed in (0, 1)
    ]  # fmt: skip
    results = fieldlab.fit(configs)
    for config, result in zip(configs, results, strict=True):
        file = log_of(config.folder)
        run = wandb_log.run(file)
        assert (run.run_group, list(run.tags), run.project) == ("both", ["mine", "siren"], "fieldlab")
        assert run.display_name == Path(config.folder).name
        assert {item.key for item in run.config.update} >= {"field", "signal", "seed", "steps"}
        logged = wandb_log.history(file)
        assert [row["_step"] for row in logged] == [20, 40, 60]
        for row, point in zip(logged, result.curve, strict=True):
            for part in ("train", "test", "full"):
                assert row[f"{part}_psnr"] == pytest.approx(point[f"{part}_psnr"])
        pictured = [row["_step"] for row in logged if "reconstruction.path" in row]
        assert pictured == [40, 60]
        last = logged[-1]
        assert (last["error._type"], last["error.width"], last["error.height"]) == ("image-file", 32, 32)
        assert (file.parent / "files" / last["error.path"]).is_file()
        final = wandb_log.summary(file)
        assert final["status"] == "finished"
        assert final["test_psnr"] == pytest.approx(result.scores["test_psnr"])
        assert final["parameters"] == result.parameters


@pytest.mark.slow
def test_a_second_attempt_is_a_second_run(small: Compose):
    config = small("logger.mode=offline")
    for _ in range(2):
        fieldlab.fit([config])
    ids = {wandb_log.run(file).run_id for file in Path(config.folder).glob("wandb/offline-run-*/*.wandb")}
    digest = config.folder.rpartition("-")[2]
    assert ids == {f"fit-{digest}-1", f"fit-{digest}-2"}


@pytest.mark.parametrize("study", ["a:b;c,d#e?f'g", "größe", "  ", "x" * 200, "-"])
def test_any_study_has_ids_that_are_allowed(study: str):
    own = run_id(study, "1a2b3c4d", 1)
    assert wandb.Settings(run_id=own).run_id == own
    assert len(own) <= 128
    assert own.endswith("-1a2b3c4d-1")
    assert own != run_id(study + "?", "1a2b3c4d", 1)


def test_a_study_and_a_field_of_odd_names_are_logged(small: Compose):
    config = small("logger.mode=offline", "study=what's this: a#b?", f"field.name={'f' * 70}")
    fieldlab.fit([config])
    run = wandb_log.run(log_of(config.folder))
    assert run.run_group == "what's this: a#b?"
    assert list(run.tags) == ["f" * 64]


def test_a_diverged_fit_says_so_in_its_summary(small: Compose):
    config = small("optimizer=sgd", "schedule=constant", "optimizer.lr=1e30", "steps=30", "logger.mode=offline")
    fieldlab.fit([config])
    assert wandb_log.summary(log_of(config.folder))["status"] == "diverged"


def test_logger_none_leaves_no_log(small: Compose):
    config = small("logger=none")
    fieldlab.fit([config])
    assert not (Path(config.folder) / "wandb").exists()


def test_without_a_key_it_is_offline_with_one_line(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wandb, "login", lambda **_: False)
    assert [choose_mode(None), choose_mode(None)] == ["offline", "offline"]
    assert len(caplog.messages) == 1
    assert "no key, logging offline" in caplog.messages[0]


@pytest.mark.parametrize("error", [wandb.errors.AuthenticationError("bad key"), wandb.errors.CommError("no route")])
def test_a_wrong_key_or_no_network_is_offline_with_one_line(
    error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def login(**_):
        raise error

    monkeypatch.setattr(wandb, "login", login)
    assert choose_mode(None) == "offline"
    assert caplog.messages == [f"W&B: logging offline ({error})"]


def test_what_is_said_explicitly_wins(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wandb, "login", lambda **_: pytest.fail("asked though told"))
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert choose_mode("offline") == "offline"
    assert choose_mode(None) == "disabled"


def test_a_server_that_dies_before_the_run_opens(small: Compose, monkeypatch: pytest.MonkeyPatch, caplog):
    plain = wandb.init

    def init(mode: str, **settings):
        if mode == "online":
            raise wandb.errors.CommError("server gone")
        return plain(mode=mode, **settings)

    monkeypatch.setattr(wandb, "init", init)
    config = small("logger.mode=online")
    fieldlab.fit([config])
    assert "W&B: cannot open a run (server gone): offline" in caplog.messages
    assert wandb_log.summary(log_of(config.folder))["status"] == "finished"


def test_trouble_while_logging_never_ends_a_fit(small: Compose, monkeypatch: pytest.MonkeyPatch, caplog):
    def full(*_: object):
        raise OSError("No space left on device")

    monkeypatch.setattr(wandb_runs.WandbRuns, "log", full)
    (result,) = fieldlab.fit([small("logger.mode=offline")])
    assert result.status == "finished"
    assert "tracking: OSError: No space left on device" in caplog.messages


@pytest.mark.slow
def test_a_sweep_ends_with_one_run_for_the_group(command: Command):
    sweep = [*BOTH_SEEDS, "logger.mode=offline"]
    assert command(*sweep)[0] == 0
    file = log_of("runs/both")
    run = wandb_log.run(file)
    assert (run.run_group, run.display_name, run.job_type) == ("both", "both summary", "summary")
    [logged] = wandb_log.history(file)
    files = file.parent / "files"
    assert (files / logged["report.path"]).read_text() == Path("runs/both/report.html").read_text()
    assert (files / logged["figure.path"]).is_file()
    table = json.loads((files / logged["table.path"]).read_text())
    assert table["columns"][0] == "field"
    assert [row[0] for row in table["data"]] == ["siren", "bicubic"]
    assert command(*sweep)[0] == 0  # nothing new: no second run
    log_of("runs/both")


def test_the_mode_is_settled_for_all_processes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wandb, "login", lambda **_: False)
    monkeypatch.setenv("WANDB_MODE", "")
    WandbRuns(project="p", entity=None, mode=None, tags=[], pictures=0).settle()
    assert os.environ["WANDB_MODE"] == "offline"


@pytest.mark.slow
def test_a_sweep_without_its_server_finishes(command: Command, monkeypatch: pytest.MonkeyPatch, caplog):
    whole = wandb.init

    def unreachable(*arguments, mode: str, **settings):
        if mode == "online":
            raise wandb.errors.CommError("no network")
        return whole(*arguments, mode=mode, **settings)

    monkeypatch.setattr(wandb, "init", unreachable)
    sweep = [*BOTH_SEEDS, "logger.mode=online"]
    assert command(*sweep)[0] == 0
    assert len(list(Path("runs/both").glob("*/result.json"))) == 2
    assert len(list(Path("runs/both").glob("**/offline-run-*"))) == 3
    assert "cannot open a run (no network): offline" in caplog.text


@pytest.mark.slow
def test_a_visualisation_logs_its_sheet_and_scores():
    config = seeing("logger=wandb", "logger.mode=offline", "logger.pictures=1")
    [result] = fieldlab.fit([config])
    logged = wandb_log.history(log_of(config.folder))
    assert [row["_step"] for row in logged] == [6, 12]
    assert ["sheet.path" in row for row in logged] == [False, True]
    assert logged[-1]["robust_activation"] == pytest.approx(result.scores["robust_activation"])


@pytest.mark.slow
def test_a_roll_logs_its_frames_and_the_shift_over_time():
    config = rolling("logger=wandb", "logger.mode=offline", "logger.pictures=3", "memorise.steps=2", "steps=6")
    [result] = fieldlab.fit([config])
    logged = wandb_log.history(log_of(config.folder))
    assert [row["_step"] for row in logged] == [2, 4, 6]
    assert all("sheet.path" in row for row in logged)
    rows = [row["cat/shift_rows"] for row in logged]
    assert rows == pytest.approx([point["cat/shift_rows"] for point in result.curve])
    assert len(set(rows)) == 3
    assert len(list(Path("runs/library").glob("*/wandb/offline-run-*"))) == 2
