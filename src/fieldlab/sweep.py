"""A sweep: many configurations, checked together, fitted in packs, resumable."""

import math
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from omegaconf import DictConfig

from fieldlab.build import build
from fieldlab.check import Checked, Checks
from fieldlab.claims import is_free, owner
from fieldlab.configuration import as_given, plain_config
from fieldlab.errors import InputError, first_line
from fieldlab.executors.executor import Executor
from fieldlab.identity import fit_hash
from fieldlab.packs import WAIT_SECONDS, Pack, Results, claimed, cut, fit_pack_in, interrupted, unmade
from fieldlab.results import RESULT, Plan, Planned, Result, result_or_none
from fieldlab.run import failures
from fieldlab.tracking.sweep_line import SweepLine
from fieldlab.tracking.tracker import safely

SHARES = 2  # packs for each worker, so that none waits long for the last one


def fit_all(jobs: Sequence[DictConfig], *, members: int | None, executor: Executor) -> list[Result]:
    """Fit every job of a sweep, in packs where they stack; results in the order of the jobs.

    `members` are computed together, None: as many as a few timed steps say.

    Raises:
        InputError: any job that cannot work; then none has started.
    """
    if members is not None and (not isinstance(members, int) or members < 1):
        raise InputError(f"hydra.launcher.members: {members} should be at least 1, or null for the fastest number")
    configs = [plain_config(job) for job in jobs]
    checks = Checks()
    checked = [checks.check(config) for config in configs]
    refuse_shared_folders(checked)
    if several := [fitting for fitting in checked if fitting.devices > 1]:
        devices = several[0].plain["trainer"]["devices"]
        raise InputError(f"trainer.devices: {devices} devices share one fit, not a sweep; fit them one by one")
    record_plan(checked)
    by_folder = {fitting.folder: fitting for fitting in checked}  # a fit asked for twice is made once
    results = results_before(by_folder.values())
    waiting = [fitting for folder, fitting in by_folder.items() if folder not in results]
    if waiting:
        build(waiting[0].config.logger, "logger").settle()
        with closing(executor):
            if needs := unmade(waiting):
                fit_waiting(list(needs.values()), members, executor)
            results |= fit_waiting(waiting, members, executor)
    return [results[fitting.folder] for fitting in checked]


def results_before(fits: Iterable[Checked]) -> Results:
    """What earlier launches have finished; says how much that is, and how much did not finish."""
    there = {f.folder: result_or_none(f.folder) for f in fits if f.resume and (f.folder / RESULT).exists()}
    counts = Counter(result.status if result else "damaged" for result in there.values())
    if finished := counts.pop("finished", 0):
        print(f"finished before and skipped: {finished} (resume=false fits them again)")
    for status, count in counts.items():
        print(f"{status} before and tried again: {count}")
    done = {folder: result for folder, result in there.items() if result and result.status == "finished"}
    # a study's folder may have been renamed since
    return {folder: replace(r, config={**r.config, "folder": str(folder)}) for folder, r in done.items()}


def fit_waiting(waiting: Sequence[Checked], members: int | None, executor: Executor) -> Results:
    """Fit in rounds: what a lost worker or another launch of the study leaves open belongs to the next one."""
    results: Results = {}
    losses: Counter[Path] = Counter()
    work = partial(fit_pack_in, Path.cwd(), members)
    packs = spread(waiting, executor.workers)
    with SweepLine([fitting.folder for fitting in waiting]) as line:
        while packs:
            lost: list[Pack] = []
            for i, outcome in executor.run(work, packs):
                if not isinstance(outcome, Exception):
                    results |= outcome
                    continue
                line.say(f"{describe(packs[i])} lost: {first_line(outcome)}")
                losses.update(fitting.folder for fitting in packs[i])
                if len(packs[i]) == 1 and losses[packs[i][0].folder] > 1:
                    results |= claimed(packs[i], partial(failures, error=outcome))
                else:
                    lost += cut(packs[i], math.ceil(len(packs[i]) / 2))
            left = [fitting for fitting in waiting if fitting.folder not in results]
            packs = lost or spread(wait_for(left, line), executor.workers)
    return results


def spread(waiting: Sequence[Checked], workers: int) -> list[Pack]:
    """Groups that stack, cut so that every worker has something to do; what was computed together stays together."""
    groups: dict[str, list[Checked]] = {}
    for fitting in waiting:
        groups.setdefault(fitting.stack_key, []).append(fitting)
    most = len(waiting) if workers == 1 else math.ceil(len(waiting) / (SHARES * workers))
    packs: list[Pack] = []
    for group in groups.values():
        before = interrupted(group)
        rest = [fitting for fitting in group if not any(fitting in part for part in before)]
        packs += [*before, *cut(rest, most)]
    return packs


def wait_for(left: Sequence[Checked], line: SweepLine) -> list[Checked]:
    """Those of the fits that another launch of the study no longer works on, as soon as there are any."""
    if left:
        line.say(f"{describe(left)}: {owner(left[0].folder)} is at work there; waiting")
    while left:
        if free := [fitting for fitting in left if is_free(fitting.folder)]:
            return free
        time.sleep(WAIT_SECONDS)
    return []


def describe(pack: Pack) -> str:
    """`runs/mine/siren-camera-s0-1234abcd and 3 more`."""
    return f"{pack[0].folder}" + (f" and {len(pack) - 1} more" if len(pack) > 1 else "")


def refuse_shared_folders(checked: Sequence[Checked]) -> None:
    """Equal fits may be asked for twice; different ones need folders of their own."""
    owners: dict[Path, Checked] = {}
    for fitting in checked:
        owner = owners.setdefault(fitting.folder, fitting)
        if owner is not fitting and fit_hash(owner.config) != fit_hash(fitting.config):
            raise InputError(f"folder: different fits would share {fitting.folder}; keep ${{fit_name:}} in it")


def record_plan(checked: Sequence[Checked]) -> None:
    """Write down what the study means to fit, so that its report can say what is missing."""
    command = shlex.join([Path(sys.argv[0]).name, *as_given(sys.argv[1:])])
    studies: dict[Path, list[Checked]] = {}
    for fitting in checked:
        studies.setdefault(fitting.folder.parent, []).append(fitting)
    for folder, fits in studies.items():
        config = fits[0].config
        planned = [Planned(f.folder.name, f.plain["field"]["name"], f.signal, f.plain["seed"]) for f in fits]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"folder: cannot write to {folder} ({error.strerror})") from error
        Plan(config.study, config.question, config.notes, config.figure, [command], planned).save(folder)


def publish(fits: Mapping[Path, DictConfig], since: float) -> None:
    """Show the report of every study in which a fit has ended `since` then to the study's logger."""
    studies = {}
    for folder, config in fits.items():
        if (folder / RESULT).exists() and (folder / RESULT).stat().st_mtime >= since:
            studies.setdefault(folder.parent, config)
    for folder, config in studies.items():
        safely(build(config.logger, "logger").publish, folder)


def refuse_swept_experiment(job_overrides: Sequence[Sequence[str]]) -> None:
    chosen = {o for overrides in job_overrides for o in overrides if o.startswith(("experiment=", "+experiment="))}
    if len(chosen) > 1:
        raise InputError(
            "experiment: a sweep over experiments would ignore what each of them sweeps; launch them one by one"
        )
