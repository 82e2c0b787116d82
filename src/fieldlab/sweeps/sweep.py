"""A sweep: many configurations, checked together, fitted in packs, resumable."""

import math
import shlex
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from fieldlab.config.compose import TRIAL, Config
from fieldlab.config.fingerprint import HARMLESS, UNCOVERED, is_rate
from fieldlab.config.instantiate import build, locate
from fieldlab.errors import InputError, first_line
from fieldlab.runs.check import Checked, Checks
from fieldlab.runs.lock import is_free, owner
from fieldlab.runs.result import PLAN, RESULT, SEARCHES, Plan, Planned, Result, find_finished_as, result_or_none
from fieldlab.runs.run import Results, fail
from fieldlab.runs.tracking.tracker import safely
from fieldlab.sweeps.executors.executor import Executor
from fieldlab.sweeps.packs import WAIT_SECONDS, Pack, compute_free, cut, find_interrupted, find_missing, fit_pack_in
from fieldlab.sweeps.progress import SweepLine

SHARES = 2  # packs for each worker, so that none waits long for the last one


def fit_all(
    configs: Sequence[Config], asked: Sequence[Sequence[str]], *, members: int | None, executor: Executor
) -> list[Result]:
    """Fit every job of a sweep, in packs where they stack; results in the order of the jobs.

    `asked` are the overrides that made each job. `members` are computed together, None: as many as a few timed steps say.

    Raises:
        InputError: any job that cannot work; then none has started.
    """
    if members is not None and (not isinstance(members, int) or members < 1):
        raise InputError(f"hydra.launcher.members: {members} should be at least 1, or null for the fastest number")
    checks = Checks()
    checked = [checks.check(config) for config in configs]
    for config in configs:
        checks.once("figure", config["figure"], look=partial(locate, config["figure"], "figure"))
    refuse_shared_folders(checked)
    refuse_idle_keys(asked, [(fitting.hash, fitting.subject) for fitting in checked])
    if several := [fitting for fitting in checked if fitting.devices > 1]:
        devices = several[0].config["trainer"]["devices"]
        raise InputError(f"trainer.devices: {devices} devices share one fit, not a sweep; fit them one by one")
    record_plan(checked)
    by_folder = {fitting.folder: fitting for fitting in checked}  # a fit asked for twice is made once
    results = find_finished(by_folder.values())
    waiting = [fitting for folder, fitting in by_folder.items() if folder not in results]
    if waiting:
        build(waiting[0].config["logger"], "logger").settle()
        with closing(executor):
            if needs := find_missing(waiting):
                fit_waiting(list(needs.values()), members, executor)
            results |= fit_waiting(waiting, members, executor)
    return [results[fitting.folder] for fitting in checked]


def find_finished(fits: Iterable[Checked]) -> Results:
    """What earlier launches have finished; says how much that is, and how much has to be made again."""
    done: Results = {}
    again: Counter[str] = Counter()
    for fitting in fits:
        if not fitting.resume or not (fitting.folder / RESULT).exists():
            continue
        if result := find_finished_as(fitting.folder, fitting.hash):  # a study's folder may have been renamed since
            done[fitting.folder] = replace(result, config={**result.config, "folder": str(fitting.folder)})
        else:
            again[describe_state(result_or_none(fitting.folder))] += 1
    if done:
        print(f"finished before and skipped: {len(done)} (resume=false fits them again)")
    for state, count in again.items():
        print(f"{state} before and tried again: {count}")
    return done


def describe_state(result: Result | None) -> str:
    """What keeps a result from being taken as it is."""
    if result is None:
        return "damaged"
    return "finished by other code or with other settings" if result.status == "finished" else result.status


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
                    results |= compute_free(packs[i], partial(fail, error=outcome))
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
        before = find_interrupted(group)
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
        if owner is not fitting and owner.hash != fitting.hash:
            raise InputError(f"folder: different fits would share {fitting.folder}; keep ${{fit_name:}} in it")


def empty_trials(config: Config) -> None:
    """Take away what earlier trials left in their study: its table is to be about this one."""
    folder = Path(config["folder"]).parent
    if folder.name != TRIAL:  # a folder of the user's choice, where other results may lie
        return
    for result in folder.glob(f"*/{RESULT}"):
        shutil.rmtree(result.parent)
    for name in (PLAN, SEARCHES):
        (folder / name).unlink(missing_ok=True)


def record_plan(checked: Sequence[Checked]) -> None:
    """Write down what the study means to fit, so that its report can say what is missing."""
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    studies: dict[Path, list[Checked]] = {}
    for fitting in checked:
        studies.setdefault(fitting.folder.parent, []).append(fitting)
    for folder, fits in studies.items():
        config = fits[0].config
        planned = [
            Planned(
                f.folder.name, f.config["field"]["name"], f.subject, f.config["seed"], f.config["task"]["_target_"]
            )
            for f in fits
        ]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"folder: cannot write to {folder} ({error.strerror})") from error
        said = {key: config[key] for key in ("study", "question", "notes", "figure")}
        Plan(**said, commands=[command], fits=planned).save(folder)


def publish(fits: Mapping[Path, Config], since: float) -> None:
    """Show the report of every study in which a fit has ended `since` then to the study's logger."""
    studies = {}
    for folder, config in fits.items():
        if (folder / RESULT).exists() and (folder / RESULT).stat().st_mtime >= since:
            studies.setdefault(folder.parent, config)
    for folder, config in studies.items():
        safely(build(config["logger"], "logger").publish, folder)


def refuse_idle_keys(asked: Sequence[Sequence[str]], fits: Sequence[tuple[str, str]]) -> None:
    """Refuse a swept key all of whose values give one and the same of the `fits`: nothing reads it there."""
    jobs = [dict(override.lstrip("+").split("=", 1) for override in overrides) for overrides in asked]
    for key in dict.fromkeys(key for job in jobs for key in job):
        if changes_no_result(key):
            continue
        values: dict[str, set[str]] = {}
        made: dict[str, set[tuple[str, str]]] = {}
        for job, fit in zip(jobs, fits, strict=True):
            rest = str(sorted((name, value) for name, value in job.items() if name != key))
            values.setdefault(rest, set()).add(number_or_text(job.get(key, "")))
            made.setdefault(rest, set()).add(fit)
        several = [rest for rest in values if len(values[rest]) > 1]
        if several and all(len(made[rest]) == 1 for rest in several):
            raise InputError(explain_idle(key, len(values[several[0]])))


def changes_no_result(key: str) -> bool:
    """Whether a key is known to change no result: it says where, how fast and what for."""
    root, _, leaf = key.partition(".")
    return root in (*UNCOVERED, "hydra") or (root == "trainer" and leaf in ("", *HARMLESS))


def number_or_text(value: str) -> str:
    """`1e-3` and `0.001` alike."""
    try:
        return str(float(value))
    except ValueError:
        return value


def explain_idle(key: str, count: int) -> str:
    """Why a key should not be swept."""
    instead = "; sweep optimizer.lr" if is_rate(key) else ""
    return (
        f"{key}: its {count} values give one and the same fit: nothing depends on it in this configuration{instead}"
    )


def refuse_swept_experiment(job_overrides: Sequence[Sequence[str]]) -> None:
    chosen = {o for overrides in job_overrides for o in overrides if o.startswith(("experiment=", "+experiment="))}
    if len(chosen) > 1:
        raise InputError(
            "experiment: a sweep over experiments would ignore what each of them sweeps; launch them one by one"
        )
