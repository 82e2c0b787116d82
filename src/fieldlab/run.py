"""Run: fits that stack, computed in one batched call; each leaves its own result."""

import logging
import os
import signal
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lightning import Trainer
from omegaconf import OmegaConf

from fieldlab import pictures, weights
from fieldlab.build import build
from fieldlab.check import Checked
from fieldlab.checkpoint import Checkpoints
from fieldlab.errors import InputError, first_line
from fieldlab.machine import device_name, out_of_memory, provenance
from fieldlab.results import DRAFTS, RESULT, Result, result_or_none
from fieldlab.runs.task import Member, find_task
from fieldlab.tasks.assembly import assemble, build_member
from fieldlab.tasks.module import State, TaskModule
from fieldlab.tracking.progress import ProgressLine
from fieldlab.tracking.tracker import Follow, Tracker, safely

ALWAYS = (RESULT, "curve.png", "traceback.txt", DRAFTS)  # files of any run, beside its configuration


def fit_together(fits: Sequence[Checked]) -> dict[Path, Result]:
    """Compute fits that stack as members of one batched call.

    A fit that fails or diverges is a result too: its status says so. Where several fail together, any one of them may
    be the cause, so that the error is raised, and nothing but checkpoints is left in their folders.
    """
    configs = [fit.config for fit in fits]
    try:
        members = [build_member(config) for config in configs]
    except InputError as error:  # a file has gone since it was checked
        return failures(fits, error)
    tracker: Tracker = build(configs[0].logger, "logger")
    checkpoints = Checkpoints(configs, [fit.hash for fit in fits])
    task, trainer = assemble(members, progress_line(members), Follow(tracker), checkpoints)
    earlier = checkpoints.earlier(trainer.strategy.root_device) if configs[0].resume else None
    if not trainer.is_global_zero:
        return assist(task, trainer, fits, members, earlier)
    try:
        clear(fits)
    except OSError as error:
        return failures(fits, error)
    if earlier is None:
        checkpoints.discard()
    safely(tracker.start, configs)
    try:
        results = run(task, trainer, fits, members, earlier)
        for m, result in enumerate(results.values()):
            safely(tracker.finish, m, result)
        if all(result.status != "failed" for result in results.values()):
            checkpoints.discard()
        return results
    finally:
        safely(tracker.close)


def progress_line(members: Sequence[Member]) -> ProgressLine:
    """A line that names the first of the members and counts the others."""
    name = Path(members[0].config.folder).name.rsplit("-", 1)[0]
    several = f" and {len(members) - 1} more" if len(members) > 1 else ""
    return ProgressLine(f"{name}{several}", find_task(members[0].config).scoring)


def failures(fits: Sequence[Checked], error: Exception) -> dict[Path, Result]:
    """A failed fit is data; of several that fail together any may be at fault, and who debugs wants to see."""
    if len(fits) > 1 or os.environ.get("FIELDLAB_DEBUG") == "1":
        raise error
    return {fit.folder: fail(fit, error) for fit in fits}


def run(
    task: TaskModule, trainer: Trainer, fits: Sequence[Checked], members: Sequence[Member], earlier: State | None
) -> dict[Path, Result]:
    """Train and write."""
    try:
        if earlier is not None:
            step = f"step {earlier['step']} of {fits[0].config.steps}"
            logging.getLogger("fieldlab").warning("%s goes on after %s", fits[0].folder, step)
        train(task, trainer, earlier)
        results = [finish(task, m, fit, member) for m, (fit, member) in enumerate(zip(fits, members, strict=True))]
    except Exception as error:
        noted = failures(fits, error)
        if trainer.strategy.launcher is not None:
            trainer.strategy.launcher.kill(signal.SIGKILL)  # further devices would wait for this one for ever
        return noted
    recorded = zip(fits, members, results, strict=True)
    return {f.folder: record(task, m, member, f, result) for m, (f, member, result) in enumerate(recorded)}


def assist(
    task: TaskModule, trainer: Trainer, fits: Sequence[Checked], members: Sequence[Member], earlier: State | None
) -> dict[Path, Result]:
    """The part of a further device: it computes, and leaves files and logs to the first.

    That one learns of an error here as of a lost connection, so the cause is said here.
    """
    try:
        train(task, trainer, earlier)
        pairs = enumerate(zip(fits, members, strict=True))
        return {fit.folder: finish(task, m, fit, member) for m, (fit, member) in pairs}
    except Exception as error:
        if os.environ.get("FIELDLAB_DEBUG") == "1":
            raise
        logging.getLogger("fieldlab").warning("device %d: %s", trainer.global_rank, first_line(error))
        raise SystemExit(1) from None


def clear(fits: Sequence[Checked]) -> None:
    """Take away what an earlier run left in the fits' folders, and write the configurations there."""
    for fit in fits:
        earlier = result_or_none(fit.folder)
        tasks = [find_task(config) for config in (fit.plain, earlier.config if earlier else fit.plain)]
        for old in [path for name in (*ALWAYS, *tasks[0].files, *tasks[1].files) for path in fit.folder.glob(name)]:
            old.unlink(missing_ok=True)
        OmegaConf.save(fit.config, fit.folder / weights.CONFIG)


def train(task: TaskModule, trainer: Trainer, earlier: State | None = None) -> None:
    """Run the trainer, from an `earlier` state if there is one.

    Ctrl-C comes back as the KeyboardInterrupt that Lightning swallows.
    """
    if earlier is not None:
        task.resume(earlier)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        try:
            trainer.fit(task, datamodule=task.samples)
        except SystemExit as stop:
            raise KeyboardInterrupt from stop
    if trainer.interrupted:
        raise KeyboardInterrupt


def finish(task: TaskModule, m: int, fit: Checked, member: Member) -> Result:
    """What a fitted member came to.

    Raises:
        RuntimeError: training has ended before its planned end, whatever ended it.
    """
    progress = task.progress[m]
    if progress.diverged_at is None and task.reached < fit.config.steps:
        raise RuntimeError(f"training ended at step {task.reached} of {fit.config.steps}")
    device = device_name(task.samples.device)  # the Trainer has taken the task itself back to the CPU
    result = replace(
        outline(fit, member.subject),
        **task.facts(m),
        seconds=round(task.seconds / task.members, 3),
        members=task.members,
        curve=progress.curve,
        device=device if task.samples.world == 1 else f"{task.samples.world} x {device}",
    )
    if progress.diverged_at is not None:
        return replace(result, status="diverged", diverged_at=progress.diverged_at)
    return replace(result, status="finished", **task.outcome(m))


def record(task: TaskModule, m: int, member: Member, fit: Checked, result: Result) -> Result:
    """Write all that a fitted member leaves behind; the result comes last."""
    try:
        pictures.save_curve(fit.folder / "curve.png", result.curve, find_task(fit.plain).scoring)
        if result.status == "finished":
            task.save(m, fit.folder)
        result.save(fit.folder)
        return result
    except Exception as error:  # a full disk, most likely
        return failures([fit], error)[fit.folder]


def fail(fit: Checked, error: Exception) -> Result:
    """Note what went wrong in the fit's folder, where it can be written to."""
    result = replace(outline(fit, fit.signal), error=reason(fit, error))
    try:
        clear([fit])
        (fit.folder / "traceback.txt").write_text("".join(traceback.format_exception(error)))
        result.save(fit.folder)
    except OSError as full:
        logging.getLogger("fieldlab").warning("%s: the failure cannot be noted (%s)", fit.folder, first_line(full))
    return result


def reason(fit: Checked, error: Exception) -> str:
    """Why a fit failed, in one line."""
    said = f"{type(error).__name__}: {first_line(error)}"
    if not out_of_memory(error):
        return said
    size = fit.plain["task"].get("batch_size")
    now = "all samples are taken at each step" if size is None else f"{size} are taken at each step"
    return f"out of memory: {now}; take fewer with task.batch_size={4096 if size is None else max(1, size // 4)} ({said})"


def outline(fit: Checked, signal: str) -> Result:
    """What is known of a fit's result before it has run."""
    config = fit.config
    return Result(
        status="failed",
        study=config.study,
        field=config.field.name,
        signal=signal,
        seed=config.seed,
        steps=config.steps,
        hash=fit.hash,
        config=OmegaConf.to_container(config, resolve=True),  # type: ignore[arg-type]
        **provenance(),
    )
