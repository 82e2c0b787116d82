"""A sweep that is killed again and again, or launched twice at once, ends as an undisturbed one."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

TINY = ["signal.size=16", "steps=30", "task.scores=2", "trainer=cpu", "logger=none", "field.network.width=8"]
SWEEP = ["-m", *TINY, "field=siren,gaussian", "seed=range(32)", "hydra.launcher.members=4"]
KILLS = 10

# Imports once and forks for each launch: what takes seconds is not what is tested.
LAUNCHES = """
import os
import sys
import fieldlab.sweeps.sweep
import fieldlab.report.study
from fieldlab.cli import run as cli
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1), os.dup2(log, 2)
        sys.argv = ["fieldlab", *line.split()]
        cli.main()
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def launches() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LAUNCHES]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def launch(launches: subprocess.Popen[str], study: str) -> int:
    """Begin a launch of the sweep; its process."""
    assert launches.stdin
    launches.stdin.write(" ".join([*SWEEP, f"study={study}"]) + "\n")
    launches.stdin.flush()
    return said(launches)


def said(launches: subprocess.Popen[str]) -> int:
    assert launches.stdout
    return int(launches.stdout.readline())


def finished(study: str) -> dict[str, bytes]:
    """Every result there is, to the byte: seconds and time of day tell whether it was computed anew."""
    return {file.parent.name: file.read_bytes() for file in Path(f"runs/{study}").glob("*/result.json")}


@pytest.mark.slow
def test_ten_kills_lose_and_repeat_nothing(clean_folder: Path, launches: subprocess.Popen[str]):
    moments = random.Random(0)
    killed_at = []
    for _ in range(KILLS):
        before = finished("killed")
        pid = launch(launches, "killed")
        enough = len(before) + moments.randint(1, 6)
        while len(list(Path("runs/killed").glob("*/result.json"))) < enough:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.3))
        os.kill(pid, signal.SIGKILL)
        assert said(launches) == -signal.SIGKILL
        after = finished("killed")
        assert after.items() >= before.items()
        killed_at.append(len(after))
        for content in after.values():
            assert json.loads(content)["status"] == "finished"
    assert killed_at[-1] < 64, "every kill should have come before the end"
    before = finished("killed")
    launch(launches, "killed")
    assert said(launches) == 0
    assert f"finished before and skipped: {len(before)} (resume=false" in Path("log").read_text()
    assert finished("killed").items() >= before.items()
    launch(launches, "undisturbed")
    assert said(launches) == 0
    tables = [pd.read_csv(f"runs/{study}/table.csv") for study in ("killed", "undisturbed")]
    pd.testing.assert_frame_equal(*(table.drop(columns=["study", "seconds", "wall_seconds"]) for table in tables))
    assert len(tables[0]) == 64
    assert not list(Path("runs/killed").glob("**/*.draft"))


@pytest.mark.slow
def test_two_launches_at_once_share_the_work(clean_folder: Path):
    Path("conf/logger").mkdir(parents=True)
    Path("conf/logger/spy.yaml").write_text("_target_: spy.Spy\npictures: 0\n")
    Path("spy.py").write_text(
        "from fieldlab.runs.tracking.tracker import Silence\n"
        "class Spy(Silence):\n"
        "    def start(self, configs):\n"
        "        with open('started', 'a') as file:\n"
        "            file.writelines(config['folder'] + '\\n' for config in configs)\n"
    )
    command = [str(Path(sys.executable).with_name("fieldlab")), *SWEEP, "logger=spy"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    started = Path("started").read_text().splitlines()
    assert len(started) == len(set(started)) == 64
    tables = [output.partition("\n| field")[2] for output in outputs]
    assert tables[0] == tables[1]
    assert "32 |" in tables[0]
