"""Packs: how many fits that stack are computed at once, and what happens where that cannot be."""

import functools
import gc
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from omegaconf import DictConfig

from fieldlab.config.compose import settle
from fieldlab.errors import InputError, first_line
from fieldlab.notices import say
from fieldlab.runs.check import Checked, Checks
from fieldlab.runs.checkpoint import is_finished, noted_fits
from fieldlab.runs.duration import time_steps
from fieldlab.runs.lock import claims, owner
from fieldlab.runs.result import Result, find_finished_as, one_line
from fieldlab.runs.run import Results, fail, run
from fieldlab.runs.task import make_task
from fieldlab.training.machine import out_of_memory

MOST_MEMBERS = 256  # each holds a lock, and perhaps a W&B run: files that a process has open
WAIT_SECONDS = 1.0
GAIN = 0.95  # twice as many members must make a step of each this much cheaper

T = TypeVar("T")
Pack = Sequence[Checked]


def fit(configs: Sequence[DictConfig | Mapping[str, Any]]) -> list[Result]:
    """Fit configurations that stack as members of one batched call; each gets its own folder and result.

    A fit that fails or diverges is a result too: its status says so, and the others go on.

    Raises:
        InputError: a configuration that cannot work, or a folder where another process is at work; no fit has
            started then.
        ValueError: configurations that do not stack.
    """
    checks = Checks()
    fits = [checks.check(settle(config)) for config in configs]
    if len({fit.stack_key for fit in fits}) > 1:
        raise ValueError("these configurations do not stack; fit them one by one")
    make_missing(fits)
    by_folder = {fit.folder: fit for fit in fits}
    with claims(list(by_folder)) as mine:
        for folder in by_folder:
            if folder not in mine:
                raise InputError(f"folder: {owner(folder)} is at work in {folder}; wait for it, or change the study")
        results = compute([list(by_folder.values())], run)
    return [results[fit.folder] for fit in fits]


def find_missing(fits: Iterable[Checked]) -> dict[Path, Checked]:
    """The fits that rolls need and that are not there yet, by folder."""
    return {need.folder: need for fit in fits for need in fit.needs if not is_finished(need.folder)}


def make_missing(fits: Iterable[Checked]) -> None:
    """Make the fits that rolls need and that are not there yet, and say what became of them.

    Waits for those that other processes make. What fails is told by the rolls that need it.
    """
    missing = find_missing(fits)
    while missing:
        alike: dict[str, list[Checked]] = {}
        for need in missing.values():
            alike.setdefault(need.stack_key, []).append(need)
        for pack in alike.values():
            for folder, result in fit_pack(pack, None).items():
                print(f"memorised {one_line(result)}", flush=True)
                del missing[folder]
        missing = {folder: need for folder, need in missing.items() if not is_finished(folder)}
        time.sleep(WAIT_SECONDS if missing else 0)


def fit_pack_in(folder: Path, members: int | None, fits: Pack) -> Results:
    """`fit_pack` in a process that may have begun elsewhere."""
    os.chdir(folder)
    return fit_pack(fits, members)


def fit_pack(fits: Pack, members: int | None) -> Results:
    """Fit all of a pack, `members` at a time, None: as many as a few timed steps say.

    What another process is at work on is left out; where it has finished, its result is taken.
    """
    before = find_interrupted(fits)
    rest = [fit for fit in fits if not any(fit in part for part in before)]
    size = members or (choose_size(rest) if len(rest) > 1 else 1)
    return compute([*before, *cut(rest, size)], functools.partial(compute_free, work=run))


def compute_free(fits: Pack, work: Callable[[Pack], Results]) -> Results:
    """`work` for those of the fits that nobody else is at work on, and that nobody has finished in the meantime."""
    with claims([fit.folder for fit in fits]) as mine:
        free = [fit for fit in fits if fit.folder in mine]
        there = {fit.folder: find_finished_as(fit.folder, fit.hash) for fit in free if fit.resume}
        done = {folder: result for folder, result in there.items() if result}
        left = [fit for fit in free if fit.folder not in done]
        return done | work(left) if left else done


def compute(parts: Iterable[Pack], work: Callable[[Pack], Results]) -> Results:
    """`work` for each part; one that raises is halved, until it works or the fit at fault is alone.

    Where memory was short, the parts that follow are no larger than what is tried next.
    """
    results: Results = {}
    waiting = deque(parts)
    most = MOST_MEMBERS
    while waiting:
        part = waiting.popleft()
        if len(part) > most:
            waiting.extendleft(reversed(cut(part, most)))
            continue
        try:
            results |= work(part)
            continue
        except Exception as error:
            if len(part) == 1:
                results |= fail(part, error)
                continue
            half = math.ceil(len(part) / 2)
            most = half if out_of_memory(error) else most
            say("%d fits together: %s; trying %d", len(part), first_line(error), half)
            waiting.extendleft(reversed(cut(part, half)))
        release_memory()
    return results


def cut(fits: Sequence[T], size: int) -> list[Sequence[T]]:
    """Parts of at most this size, as equal as can be: torch.compile compiles each size anew."""
    count = math.ceil(len(fits) / size)
    return [fits[i * len(fits) // count : (i + 1) * len(fits) // count] for i in range(count)]


def choose_size(fits: Pack) -> int:
    """How many members to compute at once: doubled while that makes a member's step cheaper, and memory lasts.

    A few steps of each size are timed, without torch.compile: 2 % of a fit's, but three at least.
    """
    doublings = min(len(fits), MOST_MEMBERS).bit_length() - 1
    return time_sizes(Alike(fits[0].stack_key, fits[0]), 2**doublings)


@dataclass(frozen=True)
class Alike:
    """A fit for all that stack with it."""

    stack_key: str
    fit: Checked = field(compare=False)


@functools.lru_cache(maxsize=1024)
def time_sizes(alike: Alike, most: int) -> int:
    """`best_size`, timed once in a process for fits that are alike."""
    config = alike.fit.config
    steps = min(config["steps"], max(3, config["steps"] // 50), 20)
    task = make_task(config)
    member = task.build(config)
    best, seconds, size = 1, math.inf, 1
    while size <= most:
        try:
            taken = time_steps(task, [member] * size, steps, compiled=False)
        except Exception as error:  # where it is not memory, the fits themselves will say what is wrong
            if not out_of_memory(error):
                return best
            break
        if taken / size > GAIN * seconds:
            break
        best, seconds, size = size, taken / size, 2 * size
    release_memory()
    return best


def find_interrupted(fits: Pack) -> list[Pack]:
    """The parts that an earlier run computed together and left a checkpoint of: they can go on from it."""
    noted = [noted_fits(fit.folder) for fit in fits if fit.resume]
    if not any(noted):
        return []
    waiting = {fit.hash: fit for fit in fits}
    return [[waiting.pop(name) for name in names] for names in noted if names and waiting.keys() >= set(names)]


def release_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
