"""What a sweep would cost, by timing a few steps of each kind of run; nothing is written."""

import resource
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import torch

from fieldlab.config.compose import Config
from fieldlab.runs.check import Checked, Checks
from fieldlab.runs.checkpoint import is_finished
from fieldlab.runs.result import find_finished_as
from fieldlab.runs.task import make_task
from fieldlab.sweeps.packs import choose_size, find_missing
from fieldlab.sweeps.sweep import spread

GIGA = (
    2**30 if sys.platform == "darwin" else 2**20
)  # the system counts the peak in bytes there, in kilobytes elsewhere


def estimate(configs: Sequence[Config], *, members: int | None, workers: int) -> str:
    """How many runs there are, what each kind takes, and how long all will take on so many workers, without compiling and scoring.

    Raises:
        InputError: any configuration that cannot work.
    """
    checks = Checks()
    runs = list({run.folder: run for run in (checks.check(config) for config in configs)}.values())
    runs += find_missing(runs).values()
    waiting = [run for run in runs if not (run.resume and find_finished_as(run.folder, run.hash))]
    packs = spread(waiting, workers)
    kinds: dict[str, list[Checked]] = {}
    for pack in packs:
        kinds.setdefault(pack[0].stack_key if len(pack) > 1 else kind_of(pack[0]), []).extend(pack)
    lines, known = [], 0.0
    for alike in kinds.values():
        stacks = len(alike) > 1 and len({run.stack_key for run in alike}) == 1
        size = min(len(alike), members or choose_size(alike)) if stacks else 1
        seconds = time_run(alike[0], size)
        known += len(alike) * (seconds or 0.0)
        lines.append(describe_kind(alike, size, seconds))
    finished = f", {len(runs) - len(waiting)} of them finished before" if len(waiting) < len(runs) else ""
    total = f"{len(runs)} run{'s' if len(runs) > 1 else ''}{finished}: {describe_time(known / workers, workers)}, {describe_memory()}"
    return "\n".join([*lines, total])


def time_run(run: Checked, size: int) -> float | None:
    """About how many seconds a run takes, so many computed together; None where it waits for another one, or only computing tells."""
    if any(not is_finished(need.folder) for need in run.needs):
        return None
    task = make_task(run.config)
    return task.time([task.build(run.config)] * size)


def kind_of(run: Checked) -> str:
    """What runs that take equally long have in common, where they cannot be computed together."""
    return f"{run.config['field']['name']} {run.subject} {run.config.get('steps')}"


def describe_kind(alike: Sequence[Checked], size: int, seconds: float | None) -> str:
    """`siren camera: 3 runs of 1000 steps, 2 at once, 23 s each`."""
    names = dict.fromkeys(f"{run.config['field']['name']} {run.subject}" for run in alike)
    name = next(iter(names)) + (" and others" if len(names) > 1 else "")
    steps = f" of {alike[0].config['steps']} steps" if isinstance(alike[0].config.get("steps"), int) else ""
    count = f"{len(alike)} run{'s' if len(alike) > 1 else ''}{steps}"
    together = f", {size} at once" if size > 1 else ""
    return f"{name}: {count}{together}, {'nobody knows how long' if seconds is None else f'{seconds:.1f} s each'}"


def describe_time(seconds: float, workers: int) -> str:
    """`about 4.0 minutes, until 14:35`."""
    share = f" on {workers} workers" if workers > 1 else ""
    until = datetime.now().astimezone() + timedelta(seconds=seconds)
    return f"about {seconds / 60:.1f} minutes of steps{share}, until {until:%H:%M}"


def describe_memory() -> str:
    """`1.2 GB of memory`: the peak so far of the device that computes."""
    if torch.cuda.is_available():
        return f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GB of the GPU's memory"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIGA:.1f} GB of memory"
