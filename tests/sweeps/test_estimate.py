"""`dry=true`: what would be computed, and about how long, with nothing computed or written."""

import re
from pathlib import Path

import pytest

from conftest import PHOTOS, SMALL, Command

QUICK = (*SMALL, "logger=none", "compile=false")


@pytest.fixture(autouse=True)
def clocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of m members takes m seconds."""
    monkeypatch.setattr(
        "fieldlab.runs.trained.time_step", lambda task, members, *, compiled, within: float(len(members))
    )


def test_a_run_is_timed_and_nothing_is_written(command: Command):
    code, out, error = command(*QUICK, "dry=true", "steps=90")
    assert (code, error) == (0, "")
    first, last = out.splitlines()
    assert first == "siren camera: 1 run of 90 steps, 90.0 s each"
    assert re.fullmatch(r"1 run: about 1\.5 minutes of steps, until \d\d:\d\d, \d+\.\d GB of memory", last)
    assert not Path("runs").exists()


def test_a_sweep_is_told_kind_by_kind(command: Command):
    code, out, _ = command(
        "-m", *QUICK, "field=siren,relu", "seed=0,1,2", "steps=60", "dry=true", "hydra.launcher.members=3"
    )
    assert code == 0
    *kinds, last = out.splitlines()
    assert kinds == [f"{field} camera: 3 runs of 60 steps, 3 at once, 60.0 s each" for field in ("siren", "relu")]
    assert last.startswith("6 runs: about 6.0 minutes of steps, until ")
    assert not Path("runs").exists()


@pytest.mark.slow
def test_what_is_finished_is_not_counted_again(command: Command):
    assert command("-m", *QUICK, "seed=0,1", "study=mine")[0] == 0
    code, out, _ = command("-m", *QUICK, "seed=0,1,2", "study=mine", "dry=true")
    assert code == 0
    assert out.splitlines()[0] == "siren camera: 1 run of 2 steps, 2.0 s each"
    assert out.splitlines()[1].startswith("3 runs, 2 of them finished before: ")


def test_what_waits_for_other_runs_has_no_time_yet(command: Command):
    small = ("memorise.signal.size=16", "memorise.steps=30", "field.network.width=32", "trainer=cpu", "logger=none")
    code, out, error = command("task=roll", *PHOTOS, *small, "dry=true")
    assert (code, error) == (0, "")
    roll, photos, last = out.splitlines()
    assert roll.endswith("recover: 1 run of 200 steps, nobody knows how long")
    assert re.match(r"siren_small .* and others: 2 runs of 30 steps(, 2 at once)?, 30\.0 s each", photos)
    assert last.startswith("3 runs: about 1.0 minutes of steps")
    assert not Path("runs").exists()


def test_a_mistake_is_told_as_ever(command: Command):
    code, _, error = command(*QUICK, "dry=true", "field.network.width=0")
    assert code == 2
    assert "field.network" in error


def test_a_search_is_not_told_beforehand(command: Command):
    code, _, error = command("experiment=tune", "field=siren", *QUICK, "dry=true")
    assert (code, error) == (
        2, "fieldlab: dry: a search chooses its runs on the way; ask for one of them, or for a sweep with -m\n",
    )  # fmt: skip
