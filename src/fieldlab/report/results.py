"""The results of a study: those that count, each signal under a name of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fieldlab.config.files import digest_file, list_named_files
from fieldlab.config.fingerprint import canonicalize
from fieldlab.errors import InputError
from fieldlab.notices import say
from fieldlab.report.settings import settings_of
from fieldlab.runs.result import RESULT, Plan, Result, read_plan, read_result

EARLIER = {"task.bf16_until": 0}  # what 0.1.0 did, where its results do not say it


def read_fits(folder: Path) -> tuple[Plan | None, dict[str, Result]]:
    """The plan of a study, and the results that are there, by folder name; a damaged one is as good as missing.

    Raises:
        InputError: no such folder, or neither plan nor sound result in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    plan = read_plan(folder)
    results: dict[str, Result] = {}
    damage: InputError | None = None
    for file in sorted(folder.glob(f"*/{RESULT}")):
        try:
            results[file.parent.name] = read_result(file.parent)
        except InputError as error:
            damage = error
            say("%s", error)
    if plan is None and not results:
        raise damage or InputError(f"{folder}: no fits here; name the folder of a study, like runs/psnr_table")
    old = find_superseded(results)
    if old:
        say("%s: %d runs of older code or files are passed over", folder, len(old))
        plan = plan and replace(plan, fits=[fit for fit in plan.fits if fit.folder not in old])
    return plan, distinguish({name: result for name, result in results.items() if name not in old})


def find_superseded(results: Mapping[str, Result]) -> set[str]:
    """The results of which there are newer ones with the same settings, but of other code or other content of a file.

    Counted together they would be the same seed twice.
    """
    alike: dict[str, list[str]] = {}
    for name, result in sorted(results.items(), key=lambda item: item[1].finished_at or ""):
        asked = [result.field, result.signal, result.seed, {**EARLIER, **settings_of(result)}]
        alike.setdefault(json.dumps(canonicalize(asked), sort_keys=True, default=str), []).append(name)
    several = [names for names in alike.values() if len({results[name].hash for name in names}) > 1]
    return {name for names in several for name in names[:-1]}


def distinguish(results: Mapping[str, Result]) -> dict[str, Result]:
    """The same results, with folders in the names of signals where several files have one name: `a/x` and `b/x`."""
    paths = {name: paths_of(result) for name, result in results.items()}
    by_name: dict[str, set[tuple[str, ...]]] = {}
    for name, result in results.items():
        if paths[name]:
            by_name.setdefault(result.signal, set()).add(paths[name])
    labels: dict[tuple[str, ...], str] = {}
    for alike in by_name.values():
        files = {tuple(digest_file(path) for path in of): of for of in sorted(alike)}
        if len(files) > 1:
            by_content = dict(zip(files, tell_apart(list(files.values())), strict=True))
            labels |= {of: by_content[tuple(digest_file(path) for path in of)] for of in alike}
    return {name: replace(result, signal=labels.get(paths[name], result.signal)) for name, result in results.items()}


def paths_of(result: Result) -> tuple[str, ...]:
    """The files that give a signal its name; none where it has a name of its own."""
    signal = result.config.get("signal") or {}
    return () if signal.get("name") else tuple(list_named_files(signal))


def tell_apart(files: Sequence[tuple[str, ...]]) -> list[str]:
    """As many last parts of each path as it takes, without suffixes where these are not needed."""
    for depth in range(1, max(len(Path(path).parts) for of in files for path in of) + 1):
        tails = [[Path(*Path(path).parts[-depth:]) for path in of] for of in files]
        for labels in (
            ["+".join(str(tail.with_suffix("")) for tail in of) for of in tails],
            ["+".join(map(str, of)) for of in tails],
        ):
            if len(set(labels)) == len(labels):
                return labels
    return ["+".join(of) for of in files]


def explain(result: Result | None, missing: str) -> str:
    """Why a run is not finished; `missing` where it has no result."""
    if result is None:
        return missing
    return result.error or f"not finite at step {result.diverged_at}"


def list_machines(results: Mapping[str, Result]) -> list[str]:
    """The devices and versions that the runs state."""
    devices = sorted({r.device for r in results.values() if r.device})
    versions = sorted({", ".join(f"{k} {v}" for k, v in r.versions.items()) for r in results.values()})
    return [*devices, *versions]
