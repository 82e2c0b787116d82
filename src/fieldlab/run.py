"""Run: from configurations to results. A plain run is a list of one."""

import json
import logging
import os
import platform
import shutil
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from lightning import Trainer
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf

from fieldlab import weights
from fieldlab.build import build, plain
from fieldlab.configuration import plain_value
from fieldlab.errors import InputError
from fieldlab.field import Ensemble, Field, build_field, draw, structure
from fieldlab.report import pictures
from fieldlab.results import RESULT, Result, provenance
from fieldlab.signals.grid import Signal
from fieldlab.signals.interpolation import interpolate
from fieldlab.signals.splits import Split
from fieldlab.tasks.fit import Fit
from fieldlab.tracking import ProgressLine

SHARED = ("task", "optimizer", "schedule", "trainer", "steps", "compile")


@dataclass(frozen=True)
class Prepared:
    """One configuration, checked and built, with nothing written yet."""

    config: DictConfig
    signal: Signal
    split: Split
    field: Field

    @property
    def folder(self) -> Path:
        return Path(self.config.folder)

    @property
    def stack_key(self) -> str:
        """Fits with equal keys can be members of one batched call."""
        shared = {key: plain_value(self.config, key) for key in SHARED}
        shape = {name: list(size) for name, size in structure(self.field).items()}
        alone = None if self.config.optimizer.stacks else self.config.folder
        described = [shared, shape, self.signal.grid, int(self.split.train.sum()), repr(self.field), alone]
        return json.dumps(described, sort_keys=True)


def prepare(config: DictConfig) -> Prepared:
    """Check a configuration by building all that it describes.

    Raises:
        InputError: anything in it that cannot work.
    """
    if config.steps < 1:
        raise InputError(f"steps: {config.steps} is too few; a fit takes at least 1 step")
    signal: Signal = build(config.signal, "signal")
    split: Split = build(config.split, "split", grid=signal.grid)
    field = draw(lambda: build_field(config.field, dim=signal.dim, channels=signal.channels), config.seed)
    prepared = Prepared(config, signal, split, field)
    task, _ = assemble([prepared])
    try:
        task.configure_optimizers()
    except (ValueError, TypeError) as error:
        raise InputError(f"optimizer or schedule: {error}") from error
    return prepared


def assemble(members: Sequence[Prepared]) -> tuple[Fit, Trainer]:
    """The task and the trainer that compute these members together."""
    config = members[0].config
    optimizer = {key: value for key, value in plain(config.optimizer, "optimizer").items() if key != "stacks"}
    task = build(
        config.task,
        "task",
        ensemble=Ensemble([member.field for member in members]),
        signals=[member.signal for member in members],
        splits=[member.split for member in members],
        seeds=[member.config.seed for member in members],
        steps=config.steps,
        optimizer=build(optimizer, "optimizer"),
        schedule=build(config.schedule, "schedule"),
        compiled=config.compile and can_compile(),
    )
    quiet_lightning()
    try:
        trainer = build(
            config.trainer,
            "trainer",
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            callbacks=[ProgressLine(describe(members))],
            plugins=[LightningEnvironment()],  # on SLURM Lightning's own requeue handlers would take over
        )
    except (MisconfigurationException, ImportError) as error:  # a device that is not there, or its library
        raise InputError(f"trainer: {str(error).splitlines()[0]}") from error
    return task, trainer


def fit(configs: Sequence[DictConfig]) -> list[Result]:
    """Fit configurations that stack as members of one batched call; each gets its own folder and result.

    A fit that fails or diverges is a result too: its status says so, and the others go on.

    Raises:
        InputError: a configuration that cannot work; nothing has been written then.
        ValueError: configurations that do not stack.
    """
    members = [prepare(config) for config in configs]
    if len({member.stack_key for member in members}) > 1:
        raise ValueError("these configurations do not stack; fit them one by one")
    for member in members:
        claim(member)
    try:
        task, trainer = assemble(members)
        train(task, trainer)
        return [finish(task, m, member) for m, member in enumerate(members)]
    except Exception as error:  # a failed fit is data: note it and let others go on
        if os.environ.get("FIELDLAB_DEBUG") == "1":
            raise
        return [fail(member, error) for member in members]


def claim(member: Prepared) -> None:
    """Make the fit's folder, without an old result in it, and write the configuration there."""
    try:
        member.folder.mkdir(parents=True, exist_ok=True)
        (member.folder / RESULT).unlink(missing_ok=True)
        OmegaConf.save(member.config, member.folder / weights.CONFIG)
    except OSError as error:
        raise InputError(f"folder: cannot write to {member.folder} ({error.strerror})") from error


def train(task: Fit, trainer: Trainer) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        try:
            trainer.fit(task, datamodule=task.samples)
        except SystemExit as stop:  # how Lightning ends after Ctrl-C
            raise KeyboardInterrupt from stop
    if trainer.interrupted:
        raise KeyboardInterrupt


def finish(task: Fit, m: int, member: Prepared) -> Result:
    """Write all that a fitted member leaves behind; the result comes last."""
    progress, signal, folder = task.progress[m], member.signal, member.folder
    result = replace(
        outline(member),
        status="finished" if progress.diverged_at is None else "diverged",
        diverged_at=progress.diverged_at,
        seconds=round(task.seconds / task.ensemble.members, 3),
        scores={k: v for k, v in progress.curve[-1].items() if k not in ("step", "seconds")}
        if progress.diverged_at is None
        else {},
        curve=progress.curve,
        device=device_name(task.device),
    )
    pictures.save_curve(folder / "curve.png", result.curve)
    if progress.diverged_at is None:
        values = task.reconstruct()[m].cpu().unflatten(0, signal.grid)
        weights.save(task.ensemble.member(m), folder, dim=signal.dim, channels=signal.channels)
        pictures.save_reconstruction(folder, signal.values, values)
        cubic = interpolate(signal, member.split)
        if cubic is not None:
            everywhere = cubic.flatten(0, -2).expand_as(task.samples.y).to(task.device)
            result = replace(result, bicubic=task.scores(everywhere)[m])
        if signal.span is not None:
            pictures.save_array(folder / "reconstruction.npy", values, signal.span)
    result.save(folder)
    return result


def fail(member: Prepared, error: Exception) -> Result:
    (member.folder / "traceback.txt").write_text("".join(traceback.format_exception(error)))
    first = (str(error).splitlines() or [""])[0]
    result = replace(outline(member), status="failed", error=f"{type(error).__name__}: {first}")
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
        config=OmegaConf.to_container(config, resolve=True),  # type: ignore[arg-type]
        **provenance(),
    )


def describe(members: Sequence[Prepared]) -> str:
    names = [member.folder.name.rsplit("-", 1)[0] for member in members]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def can_compile() -> bool:
    """Whether torch.compile finds the C++ compiler that it needs; says so in one line where it does not."""
    found = any(map(shutil.which, (os.environ.get("CXX", "g++"), "g++", "clang++", "c++")))
    if not found:
        logging.getLogger("fieldlab").warning("no C++ compiler found: running eagerly (compile=false says so too)")
    return found


def quiet_lightning() -> None:
    """Lightning greets every Trainer with lines on hardware and tips; nothing is wrong, so nothing is said."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)


def device_name(device: torch.device) -> str:
    """`cuda: NVIDIA H200` or `cpu: Intel(R) Xeon(R) …, 2 threads`."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return f"{device.type}: {processor()}, {torch.get_num_threads()} threads"


def processor() -> str:
    """The processor's name on Linux, its architecture elsewhere."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
