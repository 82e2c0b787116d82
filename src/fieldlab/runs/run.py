"""Run: from checked configurations to results."""

import os
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from fieldlab import weights
from fieldlab.config.instantiate import build
from fieldlab.config.schema import AUTO
from fieldlab.errors import InputError, first_line
from fieldlab.notices import say
from fieldlab.runs.check import Checked
from fieldlab.runs.computation import Computation, Watchers
from fieldlab.runs.curve import save_curve
from fieldlab.runs.result import DRAFTS, RESULT, Result, result_or_none
from fieldlab.runs.task import Config, find_task, make_task
from fieldlab.runs.tracking.background import InBackground
from fieldlab.training.machine import out_of_memory, provenance

ALWAYS = (RESULT, "curve.png", "traceback.txt", DRAFTS)  # files of any run, beside its configuration
Results = dict[Path, Result]  # by folder


def run(runs: Sequence[Checked]) -> Results:
    """Compute checked configurations that stack: build what they describe, compute it together, score and save each.

    A run that fails or diverges is a result too: its status says so. Where several fail together, any one of them may
    be the cause, so that the error is raised, and nothing but checkpoints is left in their folders.
    """
    began = time.perf_counter()
    configs = [run.config for run in runs]
    tracker = InBackground(build(configs[0]["logger"], "logger"))
    try:
        members = [run.build() for run in runs]
        watchers = Watchers(tracker.log, tracker.pictures, [run.hash for run in runs], describe(runs))
        computation = make_task(configs[0]).compute(members, watchers)
    except InputError as error:  # a file has gone since it was checked
        return fail(runs, error)
    reached = computation.resume() if configs[0]["resume"] else None
    if not computation.first:
        return assist(computation, runs)
    try:
        clear(runs, [member.config for member in members])
    except OSError as error:
        return fail(runs, error)
    if reached is None:
        computation.discard()
    else:
        say("%s goes on after %s", runs[0].folder, reached)
    tracker.start(configs)
    try:
        results = compute(
            computation, runs, began, [list_decided(r.config, m.config) for r, m in zip(runs, members, strict=True)]
        )
        for m, result in enumerate(results.values()):
            tracker.finish(m, result)
        if all(result.status != "failed" for result in results.values()):
            computation.discard()
        return results
    finally:
        tracker.close()


def compute(
    computation: Computation, runs: Sequence[Checked], began: float, decided: Sequence[Mapping[str, Any]]
) -> Results:
    """Run a computation that `began` at this time, score its members, and write what each leaves behind."""
    try:
        computation.run()
        results = [replace(score(computation, m, run), decided=decided[m]) for m, run in enumerate(runs)]
    except Exception as error:
        failed = fail(runs, error)
        computation.stop()
        return failed
    pairs = enumerate(zip(runs, results, strict=True))
    began -= computation.earlier
    return {run.folder: save(computation, m, run, result, began) for m, (run, result) in pairs}


def score(computation: Computation, m: int, run: Checked) -> Result:
    """The result of a member that has been computed."""
    result = replace(outline(run), **computation.describe(m))
    if result.diverged_at is not None:
        return replace(result, status="diverged")
    start = time.perf_counter()
    scores = computation.score(m)
    scoring = round(result.scoring_seconds + time.perf_counter() - start, 3)
    return replace(result, status="finished", scoring_seconds=scoring, **scores)


def save(computation: Computation, m: int, run: Checked, result: Result, began: float) -> Result:
    """Write all that a computed member leaves behind; the result comes last."""
    try:
        if result.curve:
            save_curve(run.folder / "curve.png", result.curve, find_task(run.config).scoring)
        if result.status == "finished":
            computation.save(m, run.folder)
        result = replace(result, wall_seconds=round((time.perf_counter() - began) / result.members, 3))
        result.save(run.folder)
        return result
    except Exception as error:  # a full disk, most likely
        return fail([run], error)[run.folder]


def assist(computation: Computation, runs: Sequence[Checked]) -> Results:
    """The part of a further device: it computes, and leaves files and logs to the first.

    That one learns of an error here as of a lost connection, so the cause is said here.
    """
    try:
        computation.run()
        return {run.folder: score(computation, m, run) for m, run in enumerate(runs)}
    except Exception as error:
        if os.environ.get("FIELDLAB_DEBUG") == "1":
            raise
        say("a further device: %s", first_line(error))
        raise SystemExit(1) from None


def list_decided(asked: Any, decided: Any, key: str = "") -> dict[str, Any]:
    """The settings in which a configuration differs from what was asked, by their keys."""
    if not isinstance(asked, Mapping) or not isinstance(decided, Mapping):
        return {} if asked == decided else {key: decided}
    found: dict[str, Any] = {}
    for name in {**asked, **decided}:
        found |= list_decided(asked.get(name), decided.get(name), f"{key}.{name}".lstrip("."))
    return found


def describe(runs: Sequence[Checked]) -> str:
    """The first of the runs by name, and how many others there are, for a line of progress."""
    name = runs[0].folder.name.rsplit("-", 1)[0]
    return f"{name} and {len(runs) - 1} more" if len(runs) > 1 else name


def clear(runs: Sequence[Checked], configs: Sequence[Config]) -> None:
    """Take away what an earlier run left in the folders, and write the configurations there, with what was decided."""
    for run, config in zip(runs, configs, strict=True):
        earlier = result_or_none(run.folder)
        tasks = [find_task(config) for config in (run.config, earlier.config if earlier else run.config)]
        for old in [path for name in (*ALWAYS, *tasks[0].files, *tasks[1].files) for path in run.folder.glob(name)]:
            old.unlink(missing_ok=True)
        OmegaConf.save(OmegaConf.create(dict(config)), run.folder / weights.CONFIG)


def fail(runs: Sequence[Checked], error: Exception) -> Results:
    """Results that say what went wrong; of several that fail together any may be at fault, and who debugs wants to see."""
    if len(runs) > 1 or os.environ.get("FIELDLAB_DEBUG") == "1":
        raise error
    [run] = runs
    result = replace(outline(run), error=explain_failure(run, error))
    try:
        clear(runs, [run.config])
        (run.folder / "traceback.txt").write_text("".join(traceback.format_exception(error)))
        result.save(run.folder)
    except OSError as full:
        say("%s: the failure cannot be noted (%s)", run.folder, first_line(full))
    return {run.folder: result}


def explain_failure(run: Checked, error: Exception) -> str:
    """Why a run failed, in one line."""
    text = f"{type(error).__name__}: {first_line(error)}"
    if not out_of_memory(error):
        return text
    size = run.config["task"].get("batch_size")
    now = "all samples are taken at each step" if size is None else f"{size} are taken at each step"
    return f"out of memory: {now}; take fewer with task.batch_size={4096 if size is None else max(1, size // 4)} ({text})"


def outline(run: Checked) -> Result:
    """What is known of a result before it has been computed."""
    config: Any = run.config
    return Result(
        status="failed",
        study=config["study"],
        field=config["field"]["name"],
        signal=run.subject,
        seed=config["seed"],
        steps=0 if config.get("steps") == AUTO else config.get("steps", 0),
        hash=run.hash,
        config=config,
        **provenance(),
    )
