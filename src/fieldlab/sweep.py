"""A sweep: many configurations, checked together, fitted in packs, resumable."""

import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from omegaconf import DictConfig

from fieldlab.check import Checked, Checks
from fieldlab.configuration import resolved
from fieldlab.errors import InputError
from fieldlab.identity import fit_hash
from fieldlab.results import RESULT, Plan, Planned, Result, read_result
from fieldlab.run import fit_checked


def fit_all(jobs: Sequence[DictConfig], *, members: int) -> list[Result]:
    """Fit every job of a sweep, `members` at a time where they stack; results in the order of the jobs.

    Raises:
        InputError: any job that cannot work; then none has started.
    """
    if members < 1:
        raise InputError(f"hydra.launcher.members: {members} should be at least 1")
    configs = [resolved(job) for job in jobs]
    checks = Checks()
    checked = [checks.check(config) for config in configs]
    refuse_shared_folders(checked)
    if several := [fitting for fitting in checked if fitting.devices > 1]:
        devices = several[0].config.trainer.devices
        raise InputError(f"trainer.devices: {devices} devices share one fit, not a sweep; fit them one by one")
    record_plan(checked)
    folders = dict.fromkeys(fitting.folder for fitting in checked if fitting.config.resume)
    earlier = {folder: read_result(folder) for folder in folders if (folder / RESULT).exists()}
    results = {str(folder): result for folder, result in earlier.items() if result.status == "finished"}
    # by folder: a fit asked for twice is made once
    waiting = {fitting.folder: fitting for fitting in checked if str(fitting.folder) not in results}
    say_what_was_done(earlier.values())
    count = 0
    for pack in packs(list(waiting.values()), members):
        for fitting, result in zip(pack, fit_checked(pack), strict=True):
            results[str(fitting.folder)] = result
            count += 1
            print(f"[{count}/{len(waiting)}] {one_line(result)}", flush=True)
    return [results[str(fitting.folder)] for fitting in checked]


def refuse_shared_folders(checked: Sequence[Checked]) -> None:
    """Equal fits may be asked for twice; different ones need folders of their own."""
    owners: dict[Path, DictConfig] = {}
    for fitting in checked:
        owner = owners.setdefault(fitting.folder, fitting.config)
        if owner is not fitting.config and fit_hash(owner) != fit_hash(fitting.config):
            raise InputError(f"folder: different fits would share {fitting.folder}; keep ${{fit_name:}} in it")


def packs(waiting: Sequence[Checked], members: int) -> Iterator[list[Checked]]:
    """Groups that stack, cut into packs."""
    groups: dict[str, list[Checked]] = {}
    for fitting in waiting:
        groups.setdefault(fitting.stack_key, []).append(fitting)
    for group in groups.values():
        for start in range(0, len(group), members):
            yield group[start : start + members]


def say_what_was_done(earlier: Iterable[Result]) -> None:
    """How many fits of this sweep need no second run, and how many get one."""
    counts = Counter(result.status for result in earlier)
    if finished := counts.pop("finished", 0):
        print(f"finished before and skipped: {finished} (resume=false fits them again)")
    for status, count in counts.items():
        print(f"{status} before and tried again: {count}")


def record_plan(checked: Sequence[Checked]) -> None:
    """Write down what the study means to fit, so that its report can say what is missing."""
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    studies: dict[Path, list[Checked]] = {}
    for fitting in checked:
        studies.setdefault(fitting.folder.parent, []).append(fitting)
    for folder, fits in studies.items():
        config = fits[0].config
        planned = [Planned(f.folder.name, f.config.field.name, f.signal, f.config.seed) for f in fits]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"folder: cannot write to {folder} ({error.strerror})") from error
        Plan(config.study, config.question, config.notes, config.figure, [command], planned).save(folder)


def refuse_swept_experiment(job_overrides: Sequence[Sequence[str]]) -> None:
    chosen = {o for overrides in job_overrides for o in overrides if o.startswith(("experiment=", "+experiment="))}
    if len(chosen) > 1:
        raise InputError(
            "experiment: a sweep over experiments would ignore what each of them sweeps; launch them one by one"
        )


def one_line(result: Result) -> str:
    """`siren camera s0: train 40.12, test 26.31, full 27.80 dB in 12.3 s`."""
    name = f"{result.field} {result.signal} s{result.seed}"
    if result.status != "finished":
        at = f" at step {result.diverged_at}" if result.diverged_at else f" ({result.error})"
        return f"{name}: {result.status}{at}"
    parts = ("train", "test", "full")
    scores = ", ".join(f"{part} {result.scores[f'{part}_psnr']:.2f}" for part in parts)
    return f"{name}: PSNR {scores} dB in {result.seconds:.1f} s"
