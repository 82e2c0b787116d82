"""A fit that was killed goes on from its last checkpoint and comes to the same result."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig
from safetensors.torch import load_file

import fieldlab
from conftest import slow
from fieldlab.runs.checkpoint import CHECKPOINT
from fieldlab.runs.tracking.tracker import Silence
from fieldlab.tasks.fit.module import FitModule

Small = Callable[..., DictConfig]

LONG = ("steps=120", "task.scores=4", "logger=none", "checkpoint_minutes=0", "field.network.width=16")


def left_behind(folder: str) -> tuple[dict[str, torch.Tensor], list[dict]]:
    """The weights, and the curve without its seconds."""
    curve = json.loads((Path(folder) / "result.json").read_text())["curve"]
    return load_file(Path(folder) / "weights.safetensors"), [
        {k: v for k, v in p.items() if k != "seconds"} for p in curve
    ]


def assert_same(one: str, other: str) -> None:
    (weights, curve), (others, other_curve) = left_behind(one), left_behind(other)
    assert curve == other_curve
    assert weights.keys() == others.keys()
    for name, tensor in weights.items():
        assert torch.equal(tensor, others[name]), name


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[DictConfig]], None]:
    """Fit, but with Ctrl-C at the third chunk of steps."""

    def run(configs: list[DictConfig]) -> None:
        whole = FitModule.training_step

        def third(self: FitModule, chunk, number: int) -> None:
            if number == 2:
                raise KeyboardInterrupt
            whole(self, chunk, number)

        with monkeypatch.context() as patch:
            patch.setattr(FitModule, "training_step", third)
            with pytest.raises(KeyboardInterrupt):
                fieldlab.fit(configs)

    return run


@pytest.mark.parametrize(
    "settings",
    [
        ["task.batch_size=100"],
        *slow(
            ["task.batch_size=100", "sampling.replacement=true", "field=gaussian"],
            ["optimizer=sgd", "optimizer.lr=0.1", "optimizer.momentum=0.9", "schedule=exponential"],
            ["optimizer=lbfgs", "steps=60", "task.scores=2"],
            ["task.batch_size=100", "sampling=error", "sampling.every=30"],
            ["task.batch_size=100", "sampling=evos"],
        ),
    ],
    ids=["shuffled", "replacement", "momentum", "lbfgs", "error", "evos"],
)
def test_an_interrupted_fit_comes_to_the_same_weights_and_curve(
    small: Small, interrupted: Callable, settings: list[str]
):
    undisturbed, broken = (small(*LONG, *settings, f"study={name}") for name in ("undisturbed", "broken"))
    fieldlab.fit([undisturbed])
    interrupted([broken])
    assert not (Path(broken.folder) / "result.json").exists()
    assert (Path(broken.folder) / CHECKPOINT).exists()
    [result] = fieldlab.fit([broken])
    assert result.status == "finished"
    assert_same(undisturbed.folder, broken.folder)
    assert not (Path(broken.folder) / CHECKPOINT).exists()


@pytest.mark.slow
def test_members_go_on_together(small: Small, interrupted: Callable):
    undisturbed, broken = (
        [small(*LONG, "task.batch_size=64", f"seed={s}", f"study={name}") for s in (0, 1)] for name in "ab"
    )
    fieldlab.fit(undisturbed)
    interrupted(broken)
    fieldlab.fit(broken)
    for one, other in zip(undisturbed, broken, strict=True):
        assert_same(one.folder, other.folder)


@pytest.mark.slow
def test_it_begins_where_the_checkpoint_was_taken_and_says_so(
    small: Small, interrupted: Callable, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    config = small(*LONG)
    interrupted([config])
    steps = []
    whole = FitModule.training_step
    monkeypatch.setattr(
        FitModule, "training_step", lambda self, chunk, i: (steps.append(chunk.step), whole(self, chunk, i))[1]
    )
    logged = []
    monkeypatch.setattr(Silence, "log", lambda self, m, step, scores, pictures: logged.append(step))
    fieldlab.fit([config])
    assert steps == [50, 60, 75, 90, 100, 120]
    assert logged == [30, 60, 90, 120]  # the curve so far is logged again: a new W&B run shows all of it
    assert f"{config.folder} goes on after step 30 of 120" in caplog.text


@pytest.mark.slow
def test_without_resume_it_begins_anew(small: Small, interrupted: Callable, caplog: pytest.LogCaptureFixture):
    config = small(*LONG)
    interrupted([config])
    fieldlab.fit([small(*LONG, "resume=false")])
    assert "goes on" not in caplog.text
    assert not (Path(config.folder) / CHECKPOINT).exists()


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", *slow(b"garbage", None)], ids=["empty", "garbage", "truncated"])
def test_a_damaged_checkpoint_is_passed_over(
    small: Small, interrupted: Callable, caplog: pytest.LogCaptureFixture, content: bytes | None
):
    config = small(*LONG)
    interrupted([config])
    file = Path(config.folder) / CHECKPOINT
    file.write_bytes(file.read_bytes()[:300] if content is None else content)
    (file.parent / f".{CHECKPOINT}.123.draft").write_text("what a kill in the middle of saving leaves")
    [result] = fieldlab.fit([config])
    assert result.status == "finished"
    assert f"{file}: cannot be read" in caplog.text
    assert len(result.curve) == 4
    assert not list(file.parent.glob(".*"))


@pytest.mark.slow
def test_a_checkpoint_of_other_members_is_not_taken(small: Small, interrupted: Callable):
    pack = [small(*LONG, f"seed={seed}") for seed in (0, 1)]
    interrupted(pack)
    [alone] = fieldlab.fit(pack[:1])
    [undisturbed] = fieldlab.fit([small(*LONG, "study=undisturbed")])
    assert_same(alone.config["folder"], undisturbed.config["folder"])


@pytest.mark.slow
def test_a_checkpoint_of_another_fit_in_the_same_folder_is_not_taken(
    small: Small, interrupted: Callable, caplog: pytest.LogCaptureFixture
):
    interrupted([small(*LONG, "folder=here")])
    fieldlab.fit([small(*LONG, "folder=here", "seed=1")])
    assert "goes on" not in caplog.text


@pytest.mark.slow
def test_a_finished_fit_is_fitted_anew_whatever_a_kill_left_beside_it(
    small: Small, interrupted: Callable, caplog: pytest.LogCaptureFixture
):
    config = small(*LONG)
    interrupted([config])
    left = (Path(config.folder) / CHECKPOINT).read_bytes()
    fieldlab.fit([config])
    (Path(config.folder) / CHECKPOINT).write_bytes(left)
    caplog.clear()
    fieldlab.fit([config])
    assert "goes on" not in caplog.text


def test_a_full_disk_costs_the_checkpoint_and_not_the_fit(
    small: Small, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def full(*arguments) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    [result] = fieldlab.fit([small(*LONG)])
    assert result.status == "finished"
    assert f"{CHECKPOINT}: cannot be written ([Errno 28] No space left on device)" in caplog.text


@pytest.mark.slow
def test_a_failed_fit_keeps_its_checkpoint_and_goes_on_from_it(
    small: Small, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    config, undisturbed = small(*LONG), small(*LONG, "study=undisturbed")
    whole = FitModule.score

    def second(self: FitModule, step: int) -> None:
        if step == 60:
            raise RuntimeError("out of memory")
        whole(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(FitModule, "score", second)
        assert fieldlab.fit([config])[0].status == "failed"
    fieldlab.fit([config])
    assert "goes on after step 50" in caplog.text
    fieldlab.fit([undisturbed])
    assert_same(config.folder, undisturbed.folder)


@pytest.mark.slow
def test_short_fits_write_none(small: Small):
    config = small("steps=60", "checkpoint_minutes=10", "logger=none")
    fieldlab.fit([config])
    never = small("steps=60", "checkpoint_minutes=null", "logger=none", "study=never")
    fieldlab.fit([never])
    assert not list(Path("runs").rglob(f"*{CHECKPOINT}*"))


@pytest.mark.slow
def test_a_killed_process_is_continued(clean_folder: Path):
    """SIGKILL at whatever moment: the same command ends with the weights of an undisturbed run."""
    program = shutil.which("fieldlab", path=str(Path(sys.executable).parent)) or pytest.fail("not installed")
    command = [
        program, "signal.size=64", "steps=3000", "task.scores=3", "task.batch_size=256", "trainer=cpu", "logger=none",
        "field.network.width=32", "checkpoint_minutes=0",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([*command, "study=killed"], env=environment, stdout=subprocess.DEVNULL)
    try:
        while not list(clean_folder.rglob(CHECKPOINT)):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.5)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    [folder] = Path("runs/killed").iterdir()
    assert not (folder / "result.json").exists()
    again = subprocess.run([*command, "study=killed"], env=environment, capture_output=True, text=True, check=True)
    assert "goes on after step" in again.stderr
    subprocess.run([*command, "study=undisturbed"], env=environment, check=True, stdout=subprocess.DEVNULL)
    assert_same(str(folder), f"runs/undisturbed/{folder.name}")
    assert not [file.name for file in folder.iterdir() if file.name.startswith(".")]
