"""The contract of a task: a kind of work that fieldlab does not know is checked, swept, tabled, searched and resumed all the same."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fieldlab
from conftest import SMALL, Command
from fieldlab.errors import InputError
from fieldlab.runs.result import read_result
from fieldlab.runs.task import Task, find_task

OWN = Path(__file__).parents[1] / "own_tasks"
QUICK = (
    *(o for o in SMALL if not o.startswith("steps")),
    "steps=30",
    "task=worst",
    "logger=none",
    "field.network.width=16",
)


@pytest.fixture(autouse=True)
def own_tasks(clean_folder: Path) -> None:
    """A user's folder: two tasks, each a folder and its YAMLs."""
    shutil.copytree(OWN, clean_folder, dirs_exist_ok=True)


def test_importing_fieldlabs_tasks_loads_no_torch():
    script = (
        "import sys\nfrom fieldlab.runs.task import find_task\n"
        "for name in ('fit.Fit', 'surface.Surface', 'visualize.Visualize', 'roll.Roll'):\n"
        "    assert find_task({'task': {'_target_': f'fieldlab.tasks.{name}'}}).scoring.headline\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize("target", ["fieldlab.field.Field", "math.sqrt", None])
def test_what_is_no_task_is_named(target: str | None):
    with pytest.raises(InputError, match=r"task\._target_: .* should be a fieldlab\.runs\.task\.Task"):
        find_task({"task": {"_target_": target}})


@pytest.mark.parametrize("name", ["fit.Fit", "surface.Surface", "visualize.Visualize", "roll.Roll"])
def test_a_scoring_speaks_of_scores_that_there_are(name: str):
    task: type[Task] = find_task({"task": {"_target_": f"fieldlab.tasks.{name}"}})
    scoring = task.scoring
    mentioned = [
        scoring.headline,
        *scoring.always,
        *scoring.judges,
        *scoring.labels.values(),
        *scoring.curves.values(),
    ]
    mentioned += [*scoring.panels, *scoring.knobs.values(), *([scoring.searched] if scoring.searched else [])]
    mentioned += [*scoring.captions.values(), *(name for how in scoring.yardsticks.values() for name in how.instead)]
    mentioned += [scoring.whole.score, *scoring.whole.parts] if scoring.whole else []
    assert {*mentioned} <= scoring.scores.keys()
    assert {task.exhibit().picture, task.exhibit().below} <= {*task.files}


@pytest.mark.slow
def test_a_users_own_task_is_swept_tabled_and_skipped(command: Command):
    sweep = ("-m", *QUICK, "field=relu,siren", "seed=0,1", "study=mine")
    code, out, error = command(*sweep)
    assert (code, error) == (0, "")
    fits = [read_result(file.parent) for file in Path("runs/mine").glob("*/result.json")]
    mean = {f: sum(r.scores["worst_error"] for r in fits if r.field == f) / 2 for f in ("relu", "siren")}
    assert all(set(result.scores) == {"worst_error"} for result in fits)
    assert "worst error" in next(line for line in out.splitlines() if line.startswith("| field"))
    best, other = sorted(mean, key=lambda field: mean[field])
    page = Path("runs/mine/report.html").read_text()
    assert f"{best} ({mean[best]:.4f}) &lt; {other} ({mean[other]:.4f})" in page
    assert "Worst error: over all samples and channels." in page
    assert Path("runs/mine/figure.png").exists()
    assert "skipped: 4" in command(*sweep)[1]


def test_its_settings_are_checked_like_any_other(command: Command):
    for wrong, message in (
        ("+task.worse=1", "task.worse: Worst has no such setting; there are: batch_size"),
        ("task.batch_size=0", "task: batch_size must be at least 1"),
        ("task.clip_norm=high", "task.clip_norm: 'high' should be a number or null"),
    ):
        code, _, error = command(*QUICK, wrong)
        assert (code, error.count("\n")) == (2, 1)
        assert message in error


@pytest.mark.slow
def test_it_is_searched_for_the_lowest_score(command: Command):
    space = ("field.learning_rate=1e-1,1e-3", "hydra.sweeper.trials=2", "hydra.sweeper.batch=2")
    code, out, _ = command(
        "-m", "hydra/sweeper=optuna", "study=tune", *QUICK, "signal=camera", "field=relu", "seed=0", *space
    )
    assert code == 0
    fits = [read_result(file.parent) for file in Path("runs/tune").glob("*/result.json")]
    best = min(fits, key=lambda result: result.scores["worst_error"] or 0)
    value, rate = best.scores["worst_error"], best.config["field"]["learning_rate"]
    assert f"best of relu: field.learning_rate={rate} (worst error {value:.4f})" in out.replace(
        "1e-1", "0.1"
    ).replace("1e-3", "0.001")


@pytest.mark.slow
def test_it_goes_on_after_a_kill(command: Command):
    plain = (*QUICK, "steps=100", "checkpoint_minutes=0", "seed=3")
    killer = "import worst.module, os\nwhole = worst.module.WorstModule.training_step\n"
    killer += "def third(self, chunk, number):\n    whole(self, chunk, number)\n    if chunk.step >= 75:\n        os._exit(9)\n"
    killer += "worst.module.WorstModule.training_step = third\n"
    start = "import sys\nsys.path.append('.')\n" + killer + f"sys.argv = ['fieldlab', *{list(plain)!r}]\n"
    done = subprocess.run(
        [sys.executable, "-c", start + "from fieldlab.cli.run import main\nmain()"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # as many as here
        capture_output=True,
    )
    assert done.returncode == 9
    assert list(Path("runs/fit").glob("*/checkpoint.pt"))
    code, out, _ = command(*plain)
    assert code == 0
    went_on = json.loads((Path(out.split()[-1]) / "result.json").read_text())["scores"]
    assert command(*plain, "resume=false", "study=anew")[0] == 0
    [anew] = Path("runs/anew").glob("*/result.json")
    assert json.loads(anew.read_text())["scores"] == pytest.approx(went_on, rel=1e-5)


MEASURED = ("task=leakage", "signal.size=32", "logger=none")


@pytest.mark.slow
def test_a_task_that_only_measures_is_swept_tabled_and_skipped(command: Command):
    sweep = ("-m", *MEASURED, "window=none,hann", "signal=camera,coins,moon", "task.cycles=0.25,0.1", "study=mine")
    code, out, error = command(*sweep)
    assert (code, error) == (0, "")
    results = [read_result(file.parent) for file in Path("runs/mine").glob("*/result.json")]
    assert len(results) == 12
    assert all((result.steps, result.curve, result.device) == (0, [], None) for result in results)
    leak = {(r.field, r.signal, r.config["task"]["cycles"]): r.scores["leak"] for r in results}
    assert leak["none", "camera", 0.25] < leak["none", "camera", 0.1]
    assert "|    none |" in out
    assert "leak" in next(line for line in out.splitlines() if "window" in line or "field" in line)
    assert "hann" in (Path("runs/mine") / "report.html").read_text()
    assert all((Path(result.config["folder"]) / "spectrum.png").exists() for result in results)
    assert not list(Path("runs/mine").glob("*/curve.png"))
    assert "skipped: 12" in command(*sweep)[1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("steps=3", "steps: belongs to task="),
        ("task.cycles=high", "task.cycles: 'high' should be a number"),
        ("window.pover=1", "window.pover: there is no such key; did you mean power?"),
        ("+window.taps=nowhere.txt", "nowhere.txt"),
        ("+taps=1", "taps: the task Leakage has no such key"),
    ],
)
def test_what_it_does_not_take_is_one_line(command: Command, wrong: str, message: str):
    code, out, error = command(*MEASURED, wrong)
    assert (code, error.count("\n")) == (2, 1) or "failed" in out
    assert message in error + out


def test_the_content_of_its_files_counts_and_not_their_place():
    folders = []
    for name, weight in (("a.txt", "1"), ("b.txt", "1"), ("b.txt", "2")):
        Path(name).write_text(weight)
        folders.append(fieldlab.compose(*MEASURED, f"window.taps={name}").folder)
    assert folders[0] == folders[1] != folders[2]


@pytest.mark.slow
def test_a_measured_task_is_searched(command: Command):
    search = ("hydra/sweeper=optuna", "hydra.sweeper.trials=3", "hydra.sweeper.batch=3", "study=found")
    code, out, _ = command("-m", *MEASURED, *search, "window.power=0,1,4")
    assert code == 0
    results = [read_result(file.parent) for file in Path("runs/found").glob("*/result.json")]
    best = min(results, key=lambda result: result.scores["leak"] or 0)
    assert f"best of hann: window.power={best.config['window']['power']:g} (leak {best.scores['leak']:.5f})" in out
