"""Run: from configurations to results. A plain run is a list of one."""

import os
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import replace

from lightning import Trainer
from omegaconf import DictConfig, OmegaConf

from fieldlab import pictures, weights
from fieldlab.build import build
from fieldlab.errors import InputError, first_line
from fieldlab.machine import device_name, provenance
from fieldlab.prepare import Prepared, assemble, prepare
from fieldlab.results import RESULT, Result
from fieldlab.signals.interpolation import interpolate
from fieldlab.tasks.fit import Fit, Scores
from fieldlab.tracking.tracker import Tracker, safely

PICTURES = ("target.png", "reconstruction.png", "error.png", "curve.png", "reconstruction.npy")
WRITTEN = (RESULT, weights.WEIGHTS, *PICTURES, "traceback.txt")


def fit(configs: Sequence[DictConfig]) -> list[Result]:
    """Fit configurations that stack as members of one batched call; each gets its own folder and result.

    A fit that fails or diverges is a result too: its status says so, and the others go on.

    Raises:
        InputError: a configuration that cannot work; nothing has been written then.
        ValueError: configurations that do not stack.
    """
    return fit_prepared([prepare(config) for config in configs])


def fit_prepared(members: Sequence[Prepared]) -> list[Result]:
    """`fit`, for configurations that have been checked and built."""
    if len({member.stack_key for member in members}) > 1:
        raise ValueError("these configurations do not stack; fit them one by one")
    for member in members:
        claim(member)
    tracker: Tracker = build(members[0].config.logger, "logger")
    safely(tracker.start, [member.config for member in members])
    try:
        results = run(members, tracker)
        for m, result in enumerate(results):
            safely(tracker.finish, m, result)
        return results
    finally:
        safely(tracker.close)


def run(members: Sequence[Prepared], tracker: Tracker) -> list[Result]:
    """Train and write; a failed fit is data: it is noted, and others go on."""
    try:
        task, trainer = assemble(members, tracker)
        train(task, trainer)
        return [finish(task, m, member) for m, member in enumerate(members)]
    except Exception as error:
        if os.environ.get("FIELDLAB_DEBUG") == "1":
            raise
        return [fail(member, error) for member in members]


def claim(member: Prepared) -> None:
    """Make the fit's folder, without anything an earlier run left in it, and write the configuration there."""
    try:
        member.folder.mkdir(parents=True, exist_ok=True)
        for name in WRITTEN:
            (member.folder / name).unlink(missing_ok=True)
        OmegaConf.save(member.config, member.folder / weights.CONFIG)
    except OSError as error:
        raise InputError(f"folder: cannot write to {member.folder} ({error.strerror})") from error


def train(task: Fit, trainer: Trainer) -> None:
    """Run the trainer; Ctrl-C comes back as the KeyboardInterrupt that Lightning swallows."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        try:
            trainer.fit(task, datamodule=task.samples)
        except SystemExit as stop:
            raise KeyboardInterrupt from stop
    if trainer.interrupted:
        raise KeyboardInterrupt


def finish(task: Fit, m: int, member: Prepared) -> Result:
    """Write all that a fitted member leaves behind; the result comes last."""
    progress, signal, folder = task.progress[m], member.signal, member.folder
    result = replace(
        outline(member),
        seconds=round(task.seconds / task.ensemble.members, 3),
        curve=progress.curve,
        device=device_name(task.device),
    )
    pictures.save_curve(folder / "curve.png", result.curve)
    if progress.diverged_at is not None:
        result = replace(result, status="diverged", diverged_at=progress.diverged_at)
    else:
        weights.save(task.ensemble.member(m), folder, dim=signal.dim, channels=signal.channels)
        pictures.save_reconstruction(folder, signal, task.prediction[m].cpu().unflatten(0, signal.grid))
        scores = {name: value for name, value in progress.curve[-1].items() if name not in ("step", "seconds")}
        result = replace(result, status="finished", scores=scores, bicubic=bicubic(task, m, member))
    result.save(folder)
    return result


def bicubic(task: Fit, m: int, member: Prepared) -> Scores | None:
    """The scores of cubic interpolation from the same training samples, None where there is no such method."""
    cubic = interpolate(member.signal, member.split)
    if cubic is None:
        return None
    return task.scores(cubic.flatten(0, -2).expand_as(task.samples.y).to(task.device))[m]


def fail(member: Prepared, error: Exception) -> Result:
    """Note what went wrong in the fit's folder."""
    (member.folder / "traceback.txt").write_text("".join(traceback.format_exception(error)))
    result = replace(outline(member), status="failed", error=f"{type(error).__name__}: {first_line(error)}")
    result.save(member.folder)
    return result


def outline(member: Prepared) -> Result:
    """What is known of a fit's result before it has run."""
    config = member.config
    return Result(
        status="failed",
        study=config.study,
        field=config.field.name,
        signal=member.signal.name,
        seed=config.seed,
        steps=config.steps,
        parameters=sum(p.numel() for p in member.field.parameters()),
        grid=list(member.signal.grid),
        channels=member.signal.channels,
        span=list(member.signal.span) if member.signal.span else None,
        config=OmegaConf.to_container(config, resolve=True),  # type: ignore[arg-type]
        **provenance(),
    )
