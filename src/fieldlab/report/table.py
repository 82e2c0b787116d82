"""The table of a study with one row a run, and how its runs are scored."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fieldlab.report.results import read_fits
from fieldlab.report.settings import find_swept
from fieldlab.runs.result import Plan, Planned, Result
from fieldlab.runs.scoring import Score, Scoring, Yardstick
from fieldlab.runs.task import Task, find_task

COLUMNS = ["study", "field", "signal", "seed", "status", "parameters", "steps", "seconds", "wall_seconds"]
TASK, DIVERGED, STOPPED = "task", "diverged_at", "stopped_at"
DECIDED = "{} (decided)"  # the column of what was left to the program


def table(folder: str | Path) -> pd.DataFrame:
    """One row a run of a study, indexed by its folder: study, field, signal, seed, status, parameters, seconds, every score, and the
    settings that were swept, by their keys, and what the program decided of those that were left to it.

    Raises:
        InputError: no such folder, or neither plan nor sound result in it.
    """
    return fits_table(*read_fits(Path(folder))).drop(columns=TASK)


def fits_table(plan: Plan | None, results: Mapping[str, Result]) -> pd.DataFrame:
    """One row a run, indexed by folder, in the order of the plan, `missing` where there is no result.

    The settings that were swept besides field, signal and seed come last; their keys are in `attrs["swept"]`.
    """
    planned = {fit.folder: fit for fit in plan.fits} if plan else {}
    swept = find_swept(results)
    names = list(dict.fromkeys([*planned, *results]))
    rows = [
        {key: values.get(name) for key, values in swept.items()}
        | (fit_row(results[name]) if name in results else missing_row(plan.study if plan else "", planned[name]))
        for name in names
    ]
    tasks = [find_task({"task": {"_target_": target}}) for target in dict.fromkeys(row[TASK] for row in rows)]
    always = [name for task in tasks for name in task.scoring.always]
    decisive = [name for task in tasks for name in (task.scoring.headline, list(task.scoring.judges)[-1])]
    scores = [name for task in tasks for name in task.scoring.scores]
    decided = [DECIDED.format(key) for result in results.values() for key in result.decided]
    columns = dict.fromkeys([*COLUMNS, *always, *scores, STOPPED, DIVERGED, *swept, *decided, TASK])
    table = pd.DataFrame(rows, columns=list(columns), index=names)
    optional = {*scores, STOPPED, DIVERGED, "wall_seconds"} - {*always, *decisive}
    table = table.drop(columns=[column for column in optional if table[column].isna().to_numpy().all()])
    table = table.astype({name: float for name in scores if name in table})
    for column in ("seed", "parameters", "steps", STOPPED, DIVERGED):
        if column in table:
            table[column] = table[column].astype("Int64")
    table.attrs["swept"] = list(swept)
    return table


def tasks_of(fits: pd.DataFrame) -> list[type[Task]]:
    """The tasks of these runs, the first one's first."""
    return [find_task({"task": {"_target_": target}}) for target in fits[TASK].unique()]


def scoring_of_fits(fits: pd.DataFrame) -> Scoring:
    """How these runs are scored: as the first one's task says."""
    return tasks_of(fits)[0].scoring


def scores_of_fits(fits: pd.DataFrame) -> dict[str, Score]:
    """All scores that these runs may have, by name."""
    return {name: score for task in tasks_of(fits) for name, score in task.scoring.scores.items()}


def yardsticks_of_fits(fits: pd.DataFrame) -> dict[str, Yardstick]:
    """How the yardsticks of these runs are shown, by name."""
    return {name: how for task in tasks_of(fits) for name, how in task.scoring.yardsticks.items()}


def nothing_held_out(fits: pd.DataFrame) -> bool:
    """Whether every finished run was scored over everything, so that scores over parts say the same."""
    done, whole = fits[fits.status == "finished"], scoring_of_fits(fits).whole
    if whole is None or done.empty or not {whole.score, *whole.parts} <= {*done}:
        return False
    return all(whole.covers(scores) for scores in done[[whole.score, *whole.parts]].to_dict("records"))


def subject_settings(fits: pd.DataFrame) -> list[str]:
    """The swept settings of what is worked on, not of how."""
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
    facts = {name: getattr(result, name) for name in [*COLUMNS, STOPPED, DIVERGED]}
    decided = {DECIDED.format(key): value for key, value in result.decided.items()}
    return {**facts, **result.scores, **decided, TASK: result.config["task"]["_target_"]}
