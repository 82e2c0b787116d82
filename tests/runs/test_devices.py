"""Several devices share one fit: the same result as on one, written once."""

import json
import os
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

from conftest import assemble, build_member

TWO = ("trainer.devices=2", "trainer.strategy=ddp")


@pytest.mark.parametrize("batch_size", ["null", "100", "101"])
def test_shares_make_up_the_batch(small: Callable[..., DictConfig], batch_size: str):
    members = [build_member(small(f"task.batch_size={batch_size}", f"seed={seed}")) for seed in (0, 1)]
    parts, weights = [], []
    for rank in range(3):
        samples = assemble(members)[0].samples
        samples.to(torch.device("cpu"), rank, 3)
        [batch] = samples.batches(1)
        x, data, share, _ = batch["all"]
        parts.append(torch.cat([x, data["target"]], dim=-1))
        weights.append(share * data["target"].mean(dim=(1, 2)) / 3)
    alone = assemble(members)[0].samples
    alone.to(torch.device("cpu"), 0, 1)
    [batch] = alone.batches(1)
    x, data, share, _ = batch["all"]
    assert torch.equal(torch.cat(parts, dim=1), torch.cat([x, data["target"]], dim=-1))
    torch.testing.assert_close(sum(weights), data["target"].mean(dim=(1, 2)))
    assert share == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [("task.batch_size=1001",), ("task.clip_norm=0.1", "field=gaussian", "field.muon_rate=3e-3")],
    ids=["odd", "clipped"],
)
def test_two_processes_score_as_one(installed: Callable, clean_folder: Path, settings: tuple[str, ...]):
    common = [
        "signal.size=64", "steps=150", "task.scores=2", "trainer=cpu", "logger=none", "field.network.width=64",
        "field.network.depth=2", *settings,
    ]  # fmt: skip
    results = {}
    for study, devices in (("one", ()), ("two", TWO)):
        done = installed("fieldlab", *common, *devices, f"study={study}", cwd=clean_folder, OMP_NUM_THREADS="1")
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 2  # the second process says nothing
        assert done.stderr == ""
        [file] = Path(f"runs/{study}").glob("*/result.json")
        results[study] = json.loads(file.read_text())
    one, two = results["one"], results["two"]
    assert two["device"] == f"2 x {one['device']}"
    assert [point["step"] for point in two["curve"]] == [75, 150]
    for part in ("train", "test", "full"):
        assert two["scores"][f"{part}_psnr"] == pytest.approx(one["scores"][f"{part}_psnr"], abs=0.05)
    assert two["scores"]["train_psnr"] > 20


@pytest.mark.slow
def test_two_processes_go_on_after_a_kill(clean_folder: Path):
    program = Path(sys.executable).with_name("fieldlab")
    command = [
        program, "signal.size=32", "steps=1500", "task.scores=2", "task.batch_size=101", "trainer=cpu", "logger=none",
        "field.network.width=32", "checkpoint_minutes=0", *TWO,
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    # a session of its own: the kill takes both processes
    process = subprocess.Popen([*command, "study=killed"], env=environment, start_new_session=True)
    try:
        while not list(clean_folder.rglob("checkpoint.pt")):
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    again = subprocess.run([*command, "study=killed"], env=environment, capture_output=True, text=True, check=True)
    assert again.stderr.count("goes on after step") == 1
    subprocess.run([*command, "study=whole"], env=environment, check=True, stdout=subprocess.DEVNULL)
    killed, whole = (
        load_file(next(Path(f"runs/{study}").glob("*/weights.safetensors"))) for study in ("killed", "whole")
    )
    for name, tensor in whole.items():
        torch.testing.assert_close(killed[name], tensor, msg=name)


@pytest.mark.slow
def test_a_divergence_is_noticed_by_all(installed: Callable, clean_folder: Path):
    settings = ["signal.size=32", "steps=60", "trainer=cpu", "logger=none", "optimizer=sgd", "optimizer.lr=1e30"]
    done = installed("fieldlab", *settings, *TWO, cwd=clean_folder, OMP_NUM_THREADS="1")
    assert done.returncode == 1
    assert "diverged at step 2" in done.stdout
    assert done.stderr == ""
