"""The contract of a task: a kind of work that fieldlab does not know is checked, swept, tabled, searched and resumed all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import SMALL, Command
from fieldlab.errors import InputError
from fieldlab.results import read_result
from fieldlab.runs.task import Task, find_task

WORST = '''
from dataclasses import dataclass
from fieldlab.runs.scoring import Score, Scoring
from fieldlab.runs.task import Exhibit
from fieldlab.tasks.field_task import FieldTask

@dataclass(frozen=True, kw_only=True)
class Worst(FieldTask):
    """Fit the values of a signal; how far off is the worst of its samples?"""
    scoring = Scoring(
        scores={"worst_error": Score("worst error", 4, lower=True)}, always=("worst_error",), headline="worst_error",
        judges={"worst_error": "the worst error"}, labels={"worst": "worst_error"}, prefix="", unit="", noun="scores",
        curves={"worst": "worst_error"}, panels=("worst_error",), logarithmic=True, axis="worst error",
        knobs={"worst": "worst_error"}, against="worst error", note="Worst error: over all samples and channels.",
        searched="worst_error",
    )
    files = ("weights.safetensors", "target.png", "reconstruction.png", "error.png")

    def module(self):
        from own_module import WorstModule
        return WorstModule

    @classmethod
    def exhibit(cls):
        return Exhibit(picture="reconstruction.png", below="error.png", original="target.png", captions=("With", "Without"))
'''
MODULE = """
from fieldlab.tasks.fit.module import FitModule

class WorstModule(FitModule):
    def __init__(self, *members, **settings):
        super().__init__(*members, free="nothing", derivatives=False, stencil="central", **settings)

    def measure(self):
        _, finite = super().measure()
        errors = (self.prediction - self.samples.y).abs().flatten(1).amax(1)
        return [{"worst_error": error} for error in errors.tolist()], finite

    def outcome(self, m):
        return {"scores": self.latest(m)}
"""
YAML = "_target_: own_worst.Worst\nbatch_size: null\nreplacement: false\nscores: 2\nclip_norm: null\n"
QUICK = (
    *(o for o in SMALL if not o.startswith("steps")),
    "steps=30",
    "task=worst",
    "logger=none",
    "field.network.width=16",
)


@pytest.fixture(autouse=True)
def own_task(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's folder: a task in two modules, and its YAML."""
    for name in ("own_worst", "own_module"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    Path("own_worst.py").write_text(WORST)
    Path("own_module.py").write_text(MODULE)
    Path("conf/task").mkdir(parents=True)
    Path("conf/task/worst.yaml").write_text(YAML)


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
    assert {*mentioned} <= scoring.scores.keys()
    assert {task.exhibit().picture, task.exhibit().below} <= {*task.files}


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
    code, out, _ = command("experiment=tune", *QUICK, "signal=camera", "field=relu", "seed=0", *space)
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
    killer = "import own_module, os\nwhole = own_module.WorstModule.training_step\n"
    killer += "def third(self, chunk, number):\n    whole(self, chunk, number)\n    if chunk.step >= 75:\n        os._exit(9)\n"
    killer += "own_module.WorstModule.training_step = third\n"
    start = "import sys\nsys.path.append('.')\n" + killer + f"sys.argv = ['fieldlab', *{list(plain)!r}]\n"
    done = subprocess.run(
        [sys.executable, "-c", start + "from fieldlab.cli import main\nmain()"],
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
