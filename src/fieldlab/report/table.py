"""The table of a study with one row a fit, and what was swept."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from fieldlab.digests import content_digest
from fieldlab.errors import InputError
from fieldlab.results import RESULT, Plan, Planned, Result, read_plan, read_result
from fieldlab.runs.scoring import Score, Scoring
from fieldlab.runs.task import Task, find_task

COLUMNS = ["study", "field", "signal", "seed", "status", "parameters", "steps", "seconds"]
TASK, DIVERGED = "task", "diverged_at"
IGNORED = {  # what names or follows a fit, or goes without saying
    "study", "question", "notes", "figure", "seed", "folder", "resume", "compile", "debug", "logger", "experiment",
    "checkpoint_minutes", "field.name", "field.learning_rate", "signal.name", "schedule.T_max", "task.scores",
    "trainer.devices", "trainer.strategy",
}  # fmt: skip


def table(folder: str | Path) -> pd.DataFrame:
    """One row a run of a study, indexed by its folder: study, field, signal, seed, status, parameters, seconds, every score, and the
    settings that were swept, by their keys.

    Raises:
        InputError: no such folder, or neither plan nor sound result in it.
    """
    return fits_table(*read_fits(Path(folder))).drop(columns=TASK)


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
            logging.getLogger("fieldlab").warning("%s", error)
    if plan is None and not results:
        raise damage or InputError(f"{folder}: no fits here; name the folder of a study, like runs/psnr_table")
    old = superseded(results)
    if old:
        logging.getLogger("fieldlab").warning("%s: %d runs of older code or files are passed over", folder, len(old))
        plan = plan and replace(plan, fits=[fit for fit in plan.fits if fit.folder not in old])
    return plan, distinguish({name: result for name, result in results.items() if name not in old})


def superseded(results: Mapping[str, Result]) -> set[str]:
    """Results of which there are newer ones with the same settings, but of other code or other content of a file.

    Counted together they would be the same seed twice.
    """
    alike: dict[str, list[str]] = {}
    for name, result in sorted(results.items(), key=lambda item: item[1].finished_at or ""):
        asked = [result.field, result.signal, result.seed, settings_of(result)]
        alike.setdefault(json.dumps(asked, sort_keys=True, default=str), []).append(name)
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
        files = {tuple(content_digest(path) or path for path in of): of for of in sorted(alike)}
        if len(files) > 1:
            by_content = dict(zip(files, tell_apart(list(files.values())), strict=True))
            labels |= {of: by_content[tuple(content_digest(path) or path for path in of)] for of in alike}
    return {name: replace(result, signal=labels.get(paths[name], result.signal)) for name, result in results.items()}


def paths_of(result: Result) -> tuple[str, ...]:
    """The files that a signal is named after; none where it has a name of its own."""
    signal = result.config.get("signal") or {}
    return () if signal.get("name") else tuple(str(signal[key]) for key in ("path", "other") if signal.get(key))


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


def fits_table(plan: Plan | None, results: Mapping[str, Result]) -> pd.DataFrame:
    """One row a fit, indexed by folder, in the order of the plan, `missing` where there is no result.

    What was swept besides field, signal and seed comes last, and is named in `attrs["swept"]`.
    """
    planned = {fit.folder: fit for fit in plan.fits} if plan else {}
    varied = varying(results)
    names = list(dict.fromkeys([*planned, *results]))
    rows = [
        {key: values.get(name) for key, values in varied.items()}
        | (fit_row(results[name]) if name in results else missing_row(plan.study if plan else "", planned[name]))
        for name in names
    ]
    tasks = [find_task({"task": {"_target_": target}}) for target in dict.fromkeys(row[TASK] for row in rows)]
    always = [name for task in tasks for name in task.scoring.always]
    scores = [name for task in tasks for name in task.scoring.scores]
    columns = dict.fromkeys([*COLUMNS, *always, *scores, DIVERGED, *varied, TASK])
    table = pd.DataFrame(rows, columns=list(columns), index=names)
    optional = [column for column in {*scores, DIVERGED} - {*always} if table[column].isna().to_numpy().all()]
    table = table.drop(columns=optional)
    for column in ("seed", "parameters", "steps", DIVERGED):
        if column in table:
            table[column] = table[column].astype("Int64")
    table.attrs["swept"] = list(varied)
    return table


def tasks_of(fits: pd.DataFrame) -> list[type[Task]]:
    """The kinds of work that these fits are, the first one's first."""
    return [find_task({"task": {"_target_": target}}) for target in fits[TASK].unique()]


def scoring_of_fits(fits: pd.DataFrame) -> Scoring:
    """How fits are scored; of several kinds as the first."""
    return tasks_of(fits)[0].scoring


def scores_of_fits(fits: pd.DataFrame) -> dict[str, Score]:
    """All scores that the fits may have, by name."""
    return {name: score for task in tasks_of(fits) for name, score in task.scoring.scores.items()}


def subject_settings(fits: pd.DataFrame) -> list[str]:
    """Of what was swept the settings of what is worked on, not of how."""
    prefixes = tuple(prefix for task in tasks_of(fits) for prefix in task.subject_keys)
    return [key for key in fits.attrs["swept"] if key.startswith(prefixes)]


def missing_row(study: str, fit: Planned) -> dict[str, Any]:
    return {
        "study": study,
        "field": fit.field,
        "signal": fit.signal,
        "seed": fit.seed,
        "status": "missing",
        TASK: fit.task,
    }


def fit_row(result: Result) -> dict[str, Any]:
    facts = {name: getattr(result, name) for name in [*COLUMNS, DIVERGED]}
    return {**facts, **result.scores, TASK: result.config["task"]["_target_"]}


def varying(results: Mapping[str, Result]) -> dict[str, dict[str, Any]]:
    """Settings in which fits of one field to one signal differ, by key and fit.

    Of an exchanged object its name stands for the settings that follow from it.
    """
    flat = {name: settings_of(result) for name, result in results.items()}
    named = {name: of for result in results.values() for name, of in find_task(result.config).follows.items()}
    groups = {name: (result.field, result.signal) for name, result in results.items()}
    found: dict[str, dict[str, Any]] = {}
    for key in dict.fromkeys(key for settings in flat.values() for key in settings):
        values = {name: settings.get(key) for name, settings in flat.items()}
        seen: dict[tuple[str, str], set[Any]] = {}
        for name, value in values.items():
            seen.setdefault(groups[name], set()).add(value)
        names = (name for name, of in named.items() if key.startswith(of) and key != name)
        owner = next(names, key.rpartition(".")[0] + "._target_")
        if max(map(len, seen.values())) > 1 and not (owner in found and follows(values, found[owner], groups)):
            found[key] = values
    return found


def follows(values: Mapping[str, Any], from_: Mapping[str, Any], groups: Mapping[str, Any]) -> bool:
    """Whether the second mapping's value determines the first one's, within each group."""
    pairs = {(groups[name], from_[name], value) for name, value in values.items()}
    return len(pairs) == len({pair[:2] for pair in pairs})


def settings_of(result: Result) -> dict[str, Any]:
    """Dotted keys and plain values of a result's configuration, without what goes without saying."""
    return dict(flatten(result.config, {*IGNORED, *find_task(result.config).silent}))


def flatten(node: Any, ignored: Collection[str], key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and plain values of a configuration, what others follow from first."""
    if key in ignored:
        return
    if isinstance(node, Mapping):
        for name in sorted(node, key=lambda name: name not in ("_target_", "supervise", "name")):
            yield from flatten(node[name], ignored, f"{key}.{name}" if key else str(name))
    else:
        yield key, str(node) if isinstance(node, list) else node
