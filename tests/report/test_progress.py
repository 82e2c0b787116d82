"""What a report says of a study that is still being computed."""

from datetime import datetime
from pathlib import Path

import pytest

from fieldlab.report.progress import describe_progress, describe_time
from fieldlab.runs.lock import claims
from fieldlab.runs.result import Plan, Planned, Result

NAMES = ["siren-a", "siren-b", "siren-c", "relu-a", "relu-b"]
PLAN = Plan("mine", "", "", "", [], [Planned(name, name.partition("-")[0], "camera", 0) for name in NAMES])


def results(**seconds: float) -> dict[str, Result]:
    """Finished runs that took so long in all."""
    names = {name: name.replace("_", "-") for name in seconds}
    return {
        folder: Result("finished", "mine", folder.partition("-")[0], "camera", 0, 10, wall_seconds=seconds[name])
        for name, folder in names.items()
    }


def test_nothing_is_said_where_nothing_is_left(tmp_path: Path):
    assert describe_progress(tmp_path, None, {}) is None
    assert describe_progress(tmp_path, PLAN, {name: results(siren_a=1)["siren-a"] for name in NAMES}) is None


def test_what_runs_is_counted_and_the_rest_is_estimated_by_its_own_field(tmp_path: Path):
    done = results(siren_a=100, relu_a=3600)
    with claims([tmp_path / "siren-b"]):  # half of 100 s; then 100 s and 3,600 s
        line = describe_progress(tmp_path, PLAN, done)
    assert line is not None
    assert line.startswith("2 of 5 runs have ended, 1 is running, 2 are left; about 62 more minutes, until ")
    assert datetime.strptime(line[-5:], "%H:%M")
    assert not (tmp_path / "siren-c").exists()  # looking makes nothing


def test_before_anything_has_ended_nothing_is_estimated(tmp_path: Path):
    with claims([tmp_path / "siren-b"]):
        assert describe_progress(tmp_path, PLAN, {}) == "0 of 5 runs have ended, 1 is running, 4 are left"


def test_where_nobody_is_at_work_it_says_how_to_go_on(tmp_path: Path):
    line = describe_progress(tmp_path, PLAN, results(siren_a=100))
    assert line == (
        "1 of 5 runs has ended, 0 are running, 4 are left; nobody is at work on them: the command that began the study goes on"
        " with it"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 more seconds"), (119, "119 more seconds"), (150, "2 more minutes"), (9000, "2 more hours")],
)
def test_times_are_rounded(seconds: float, text: str):
    from datetime import timedelta

    assert describe_time(timedelta(seconds=seconds)) == f"about {text}"
