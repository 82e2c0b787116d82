"""A run's result.json, and a study's plan: written by run, read by report."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from fieldlab.atomic import write_atomically
from fieldlab.config.moved import TASK, collect_yardsticks, update_name, update_run
from fieldlab.errors import InputError
from fieldlab.runs.scoring import Scores, Scoring
from fieldlab.runs.task import find_task

RESULT = "result.json"
FORMAT = 1  # of that file: raised when a key goes, or comes to mean something else
PLAN = "plan.json"
SEARCHES = "optuna.db"  # of all searches in a study
ADDED: Mapping[str, Mapping[str, Any]] = {
    "fieldlab.signals.images.image": {"page": None},
}  # after 0.1.0, by `_target_`
DRAFTS = ".*.draft"  # what a kill in the middle of writing leaves
Status = Literal["finished", "diverged", "failed"]


@dataclass(frozen=True)
class Result:
    """The result of one run: its scores, and what they are of.

    `hash` is that of the configuration and of all files and code that determine the result (`fieldlab.config.fingerprint.fit_hash`).
    `seconds` are those of optimisation alone; `scoring_seconds` and `compiling_seconds` come beside them, and `wall_seconds` are
    all, from the configuration to the last file, data and logs included. Of members computed together each has an equal share.
    `parameters` are the numbers that were trained, `stored` those that are kept beside them, as drawn frequencies. `decided` are settings that
    were left to the program, by their keys. `stopped_at` is the step of `steps` at which a run was good enough. `members` were computed together. `compiled`: by torch.compile, as asked for or as decided.
    `yardsticks` are the scores of what the field is compared with on the same subject, by the names that tables show.
    `span` are the original values of canonical 0 and 1, `centre` the original place of the middle of the cube, where
    values are distances in space. `duration` are the seconds that the first axis takes, of sounds and frames. A run is `repeatable` where the same decisions,
    by itself, come to the same bits again: alone on a CPU; on a GPU sums have no fixed order. `format` is that of the
    file, which result.schema.json beside this module describes.
    """

    status: Status
    study: str
    field: str
    signal: str
    seed: int
    steps: int
    hash: str | None = None
    seconds: float | None = None
    scoring_seconds: float = 0.0
    compiling_seconds: float = 0.0
    wall_seconds: float | None = None
    compiled: bool = False
    members: int = 1
    parameters: int | None = None
    stored: int | None = None
    diverged_at: int | None = None
    stopped_at: int | None = None
    error: str | None = None
    scores: Scores = dataclasses.field(default_factory=dict)
    yardsticks: Mapping[str, Scores] = dataclasses.field(default_factory=dict)
    curve: list[dict[str, float | None]] = dataclasses.field(default_factory=list)
    grid: list[int] = dataclasses.field(default_factory=list)
    channels: int | None = None
    span: list[float] | None = None
    centre: list[float] | None = None
    duration: float | None = None
    device: str | None = None
    repeatable: bool | None = None
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    git: str | None = None
    finished_at: str | None = None
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    decided: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    format: int = FORMAT

    def save(self, folder: Path) -> None:
        """Write result.json whole or not at all; it is the last file of a fit."""
        write_atomically(folder / RESULT, json.dumps(asdict(self), indent=1, allow_nan=False) + "\n")


def read_result(folder: Path) -> Result:
    """The result in this folder.

    Raises:
        InputError: no result there, or one that cannot be read.
    """
    file = folder / RESULT
    try:
        stored = collect_yardsticks(json.loads(file.read_text()))
        result = Result(**{name: stored[name] for name in stored if name in Result.__dataclass_fields__})
        return dataclasses.replace(result, config=add_settings(update_run(result.config)))
    except FileNotFoundError as error:
        raise InputError(f"{folder}: has no {RESULT}; is it the folder of a finished fit?") from error
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise InputError(f"{file}: is no result that fieldlab wrote ({error})") from error


def add_settings(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration of a result, with the settings that its signal had not yet when it was written."""
    signal = config.get("signal") or {}
    return {**config, "signal": {**ADDED.get(signal.get("_target_", ""), {}), **signal}} if signal else config


def result_or_none(folder: Path) -> Result | None:
    """The result in this folder; None where there is none, or a damaged one."""
    try:
        return read_result(folder)
    except InputError:
        return None


def find_finished_as(folder: Path, digest: str) -> Result | None:
    """The result in this folder, where it is finished and that of the fit with this hash."""
    result = result_or_none(folder)
    return result if result and result.status == "finished" and result.hash == digest else None


def scoring_of(result: Result) -> Scoring:
    """How the task of a result is scored."""
    return find_task(result.config).scoring


def one_line(result: Result) -> str:
    """`siren camera s0: train 40.12, test 26.31, full 27.80 dB in 12.3 s`."""
    name = f"{result.field} {result.signal} s{result.seed}"
    if result.status != "finished":
        at = f" at step {result.diverged_at}" if result.diverged_at else f" ({result.error})"
        return f"{name}: {result.status}{at}"
    scoring = scoring_of(result)
    scores = f"{scoring.prefix}{scoring.describe(result.scores) or scoring.nothing}{scoring.unit}"
    stopped = f" at step {result.stopped_at}" if result.stopped_at else ""
    return f"{name}: {scores}{stopped} in {result.wall_seconds or result.seconds:.1f} s"


@dataclass(frozen=True)
class Planned:
    """One fit that a study means to make."""

    folder: str
    field: str
    signal: str
    seed: int
    task: str = TASK


@dataclass(frozen=True)
class Plan:
    """A study's fits, and how they were asked for: so that a report can say what is missing."""

    study: str
    question: str
    notes: str
    figure: str
    commands: list[str]
    fits: list[Planned]

    def save(self, folder: Path) -> None:
        """Write plan.json, together with what other launches of the study have planned."""
        with FileLock(folder / f".{PLAN}.lock"):
            earlier = read_plan(folder)
            commands, fits = list(self.commands), list(self.fits)
            if earlier is not None:
                commands = [*(c for c in earlier.commands if c not in commands), *commands]
                fits = [*(fit for fit in earlier.fits if fit not in fits), *fits]
            merged = dataclasses.replace(self, commands=commands, fits=fits)
            write_atomically(folder / PLAN, json.dumps(asdict(merged), indent=1) + "\n")


def read_plan(folder: Path) -> Plan | None:
    """The plan in a study's folder, None where there is none."""
    file = folder / PLAN
    if not file.exists():
        return None
    try:
        stored = json.loads(file.read_text())
        stored["figure"] = update_name(stored["figure"])
        return Plan(**{**stored, "fits": [Planned(**fit) for fit in stored["fits"]]})
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{file}: is no plan that fieldlab wrote ({error})") from error
