"""Wherever packs are computed: every fit has its result, and a worker that is killed costs only its pack."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import SMALL, Command
from fieldlab.runs.result import read_result
from fieldlab.sweeps.executors.executor import WorkerLostError
from fieldlab.sweeps.executors.inline import Inline
from fieldlab.sweeps.executors.local import Local

DEADLY = '''
import os
import signal
from pathlib import Path

import torch
from torch import nn


class Deadly(nn.Module):
    """The identity; the first process to compute it (or with `always` every one) is killed in the middle of a fit."""

    def __init__(self, dim: int, *, always: bool) -> None:
        super().__init__()
        self.features = dim
        self.always = always

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.always or first():
            os.kill(os.getpid(), signal.SIGKILL)
        return x


def first() -> bool:
    try:
        Path("died").touch(exist_ok=False)
        return True
    except FileExistsError:
        return False
'''
EXECUTORS = {
    "local": ["hydra/launcher=local", "hydra.launcher.executor.workers=2"],
    "ray": ["hydra/launcher=ray", "hydra.launcher.executor.workers=2"],
    "slurm": [
        "hydra/launcher=slurm", "hydra.launcher.executor.cluster=local", "hydra.launcher.executor.array=2",
        "hydra.launcher.executor.parameters.gpus_per_node=0",
    ],
}  # fmt: skip


@pytest.fixture
def deadly(clean_folder: Path) -> None:
    """An encoding of the user's own, where they work."""
    Path("deadly.py").write_text(DEADLY)
    Path("conf/field/encoding").mkdir(parents=True)
    Path("conf/field/encoding/deadly.yaml").write_text("_target_: deadly.Deadly\nalways: false\n")


@pytest.mark.slow
@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_killed_worker_costs_only_its_pack(command: Command, deadly: None, executor: str):
    arguments = ["field=relu", "field/encoding=deadly", "seed=range(5)", "logger=none", "study=all"]
    code, out, _ = command("-m", *SMALL, *arguments, *EXECUTORS[executor])
    assert code == 0, out
    assert out.count(" lost: ") == 1
    assert out.count(": PSNR train") == 5  # each once
    results = [read_result(file.parent) for file in Path("runs/all").glob("*/result.json")]
    assert sorted(result.seed for result in results) == [0, 1, 2, 3, 4]
    assert {result.status for result in results} == {"finished"}
    assert not list(Path("runs/all").glob("*/.*"))


@pytest.mark.slow
def test_who_kills_every_worker_fails_and_the_others_finish(command: Command, deadly: None):
    Path("conf/field/encoding/deadly.yaml").write_text("_target_: deadly.Deadly\nalways: true\n")
    arguments = ["field=relu", "field/encoding=identity,deadly", "seed=0,1", "logger=none", "study=all"]
    code, out, _ = command("-m", *SMALL, *arguments, *EXECUTORS["local"])
    assert code == 1
    ends = {(r.field, r.seed): r for r in (read_result(f.parent) for f in Path("runs/all").glob("*/result.json"))}
    assert {key: result.status for key, result in ends.items()} == {
        ("relu", 0): "finished", ("relu", 1): "finished", ("deadly+relu", 0): "failed", ("deadly+relu", 1): "failed",
    }  # fmt: skip
    assert ends["deadly+relu", 0].error == "WorkerLostError: the process that computed it ended with code -9"
    assert out.count("failed: runs/all/deadly+relu-camera-s") == 2


def work(pack: str) -> str:
    if pack == "raise":
        raise ValueError("no such pack")
    if pack == "die":
        os._exit(7)
    return f"{pack} on {os.environ.get('OMP_NUM_THREADS')}"


@pytest.mark.slow
def test_workers_share_the_cores_and_outlive_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("fieldlab.sweeps.executors.local.cores", lambda: 8)
    ends = dict(Local(workers=2).run(work, ["raise", "die", "a", "b", "c"]))
    assert str(ends[0]) == "ValueError: no such pack"
    assert isinstance(ends[1], WorkerLostError)
    assert str(ends[1]) == "the process that computed it ended with code 7"
    assert [ends[i] for i in (2, 3, 4)] == [f"{pack} on 4" for pack in "abc"]


def test_inline_goes_on_after_an_error():
    ends = dict(Inline().run(work, ["raise", "a"]))
    assert str(ends[0]) == "no such pack"
    assert ends[1].startswith("a on")


def test_workers_default_to_the_gpus(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6,7")
    from fieldlab.sweeps.executors.local import share

    assert Local(workers=None).workers == 3
    assert [share(i, 3)["CUDA_VISIBLE_DEVICES"] for i in range(3)] == ["4", "6", "7"]


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(clean_folder: Path):
    Path("parent.py").write_text(
        "import os, time\n"
        "from fieldlab.sweeps.executors.local import Local\n"
        "def work(pack):\n"
        "    open(f'pid{pack}', 'w').write(str(os.getpid()))\n"
        "    time.sleep(600)\n"
        "if __name__ == '__main__':\n"
        "    list(Local(workers=2).run(work, [0, 1]))\n"
    )
    process = subprocess.Popen([sys.executable, "parent.py"])
    try:
        while not all(Path(f"pid{i}").exists() and Path(f"pid{i}").read_text() for i in (0, 1)):
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    for i in (0, 1):
        pid = int(Path(f"pid{i}").read_text())
        for _ in range(200):
            if gone(pid):
                break
            time.sleep(0.05)
        assert gone(pid)


def gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().split()[2] == "Z"


@pytest.mark.quick(2)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hydra/launcher=local", "hydra.launcher.executor.workers=0"], "hydra.launcher.executor: workers must be at least 1"),
        (["hydra/launcher=slurm", "hydra.launcher.executor.array=0"], "hydra.launcher.executor: array, the number"),
        (["hydra/launcher=slurm", "hydra.launcher.executor.cluster=pbs"], "hydra.launcher.executor.cluster: 'pbs' should be one of"),
        (["hydra/launcher=lokal"], "hydra/launcher=lokal: there is no such option; did you mean local?"),
        (["hydra.launcher.members=0"], "hydra.launcher.members: 0 should be at least 1, or null"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_bad_input_is_named(command: Command, arguments: list[str], message: str):
    code, _, error = command("-m", *SMALL, "seed=0,1", *arguments)
    assert code == 2
    assert error.startswith(f"fieldlab: {message}")
    assert error.count("\n") == 1
    assert not Path("runs").exists()


@pytest.mark.skipif(shutil.which("sbatch") is not None, reason="there is a Slurm here")
def test_without_slurm_it_says_so(command: Command):
    code, _, error = command("-m", *SMALL, "seed=0,1", "logger=none", "hydra/launcher=slurm")
    assert code == 2
    assert error.startswith("fieldlab: hydra.launcher.executor: ")
    assert "slurm" in error.lower()
