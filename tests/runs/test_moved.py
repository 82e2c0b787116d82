"""What 0.1.0 has made is still reported, asked and rolled, though parts have moved since."""

import logging
import shutil
from pathlib import Path

import pandas as pd
import pytest

import fieldlab
from conftest import Command
from fieldlab.config.compose import settle
from fieldlab.config.instantiate import locate
from fieldlab.config.moved import MOVED, update_name
from fieldlab.report.study import report
from fieldlab.runs.result import read_result

OLD = Path(__file__).parents[1] / "made_by_0_1_0"
QUICK = (
    "signal=coffee", "signal.size=16", "split=all", "field.network.width=8", "steps=20", "task.scores=2", "trainer=cpu",
    "logger=none",
)  # fmt: skip


@pytest.fixture(autouse=True)
def runs(clean_folder: Path) -> None:
    """A sweep of eight fits with a figure that has moved, and a roll of one of them."""
    shutil.copytree(OLD, clean_folder / "runs")


@pytest.mark.parametrize("name", [*MOVED.values(), "fieldlab.report.figure.save_figure", "fieldlab.tasks.fit.Fit"])
def test_what_has_moved_is_there(name: str):
    assert update_name(name) == name
    folder = Path(fieldlab.__file__).parent.joinpath(*name.split(".")[1:])
    assert folder.is_dir() or folder.with_suffix(".py").is_file() or callable(locate(name, "figure"))


def test_a_study_is_reported():
    table = report(Path("runs/old"))
    assert [line.split("|")[1:3] for line in table.splitlines()[2:]] == [
        [f" {field} ", f"           {size} "] for field in ("siren  ", "relu   ") for size in (32, 64)
    ]
    assert all(line.endswith("   2 |") for line in table.splitlines()[2:])
    assert Path("runs/old/figure.png").exists()
    assert "recover" in report(Path("runs/oldroll")) or pd.read_csv("runs/oldroll/table.csv").signal[0].endswith(
        "recover"
    )


def test_a_fit_is_asked(ask: Command):
    [folder] = Path("runs/old").glob("siren-coffee-s0-2dffde2e")
    code, out, _ = ask(str(folder), "--at", "8,8")
    assert code == 0
    assert len(out.split()) >= 3
    query = fieldlab.Query(folder)
    assert query.of_signal()["value"].shape[:2] == (16, 16)


def test_a_fit_is_rolled(command: Command):
    code, out, error = command(
        "task=roll", "library=runs/old/siren-coffee-s0-2dffde2e", "steps=2", "task.scores=1", "trainer=cpu",
        "logger=none", "goal.shifts=[[3,-2]]",
    )  # fmt: skip
    assert (code, error) == (0, "")
    assert Path(out.split()[-1], "sheet.png").exists()


def test_a_configuration_of_then_is_one_of_now():
    result = read_result(next(Path("runs/old").glob("siren-coffee-s0-*")))
    batch = result.config["task"]["batch_size"]
    now = settle(
        fieldlab.compose(
            *QUICK,
            "field=siren",
            f"task.batch_size={batch}",
            "study=old",
            "compile=false",
            "optimizer=adam",
            "task.bf16_until=0",
        )
    )
    then = {**result.config, "folder": now["folder"], "figure": now["figure"]}
    for new in ("budget", "debug", "dry", "seconds", "start", "stop_at"):
        now.pop(new)
    for new in ("bf16_until", "stop_at"):
        now["task"].pop(new)
    for new in ("muon_rate", "soap_rate"):
        now["field"].pop(new)
    assert then == now


@pytest.mark.slow
def test_newer_runs_take_the_place_of_those(command: Command, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING, "fieldlab")
    code, out, _ = command(
        "-m",
        *QUICK,
        "field=relu",
        "seed=0,1",
        "task.batch_size=32,64",
        "study=old",
        "optimizer=adam",
        "task.bf16_until=0",
    )
    assert code == 0
    assert "runs/old: 4 runs of older code or files are passed over" in caplog.messages
    rows = [line for line in out.splitlines() if line.startswith(("| relu", "| siren"))]
    assert len(rows) == 4
    assert all(row.endswith("   2 |") for row in rows)
