"""The table of a study with one row a fit, and what was swept."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from fieldlab.digests import content_digest
from fieldlab.errors import InputError
from fieldlab.results import RESULT, Plan, Planned, Result, read_plan, read_result
from fieldlab.scores import FEATURES, OF_FEATURES, OF_ROLLS, OF_SHAPES, ROLLS, SHAPES, Kind, kind_of

COLUMNS = ["study", "field", "signal", "seed", "status", "parameters", "steps", "seconds"]
SCORES = ["train_psnr", "test_psnr", "full_psnr", "full_ssim"]
VALIDATION = "validation_psnr"
SOMETIMES = [VALIDATION, "gradient_psnr", "laplacian_psnr", *OF_SHAPES, *OF_FEATURES, *OF_ROLLS]
OWN = {SHAPES: OF_SHAPES, FEATURES: OF_FEATURES, ROLLS: OF_ROLLS}
DIVERGED = "diverged_at"
WORLD = (
    "signal.",
    "split.",
    "task.stencil",
    "supervise",
    "model.",
    "photos.",
    "canvas.size",
    "goal.",
    "memorise.signal",
    "library",
)  # settings of what is fitted, not of how
NAMED = {  # settings that follow from a name
    "supervise": ("task.constraints", "task.free", "task.derivatives"),
    "transforms.name": ("transforms.",),
    "canvas.colors.name": ("canvas.colors.",),
}
IGNORED = {  # what names or follows a fit, or goes without saying
    "study", "question", "notes", "figure", "seed", "folder", "resume", "compile", "debug", "logger", "experiment",
    "checkpoint_minutes", "field.name", "field.learning_rate", "signal.name", "schedule.T_max", "memorise.schedule.T_max", "memorise.seed", "task.scores", "objective", "trainer.devices",
    "trainer.strategy",
}  # fmt: skip


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
        asked = [result.field, result.signal, result.seed, dict(flatten(result.config))]
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
    columns = dict.fromkeys([*COLUMNS, *SCORES, *SOMETIMES, DIVERGED, *varied])
    table = pd.DataFrame(rows, columns=list(columns), index=names)
    empty = {column for column in columns if table[column].isna().to_numpy().all()}
    special = next((kind for kind, own in OWN.items() if not {*own} <= empty), None)
    optional = {*SCORES, *SOMETIMES, DIVERGED} - {special.headline} if special else {*SOMETIMES, DIVERGED}
    table = table.drop(columns=[column for column in columns if column in empty & optional])
    for column in ("seed", "parameters", "steps", DIVERGED):
        if column in table:
            table[column] = table[column].astype("Int64")
    table.attrs["swept"] = list(varied)
    return table


def kind_of_fits(fits: pd.DataFrame) -> Kind:
    """The kind of fits by the scores they have; of several kinds that of pictures."""
    return kind_of([column for column in fits if fits[column].notna().to_numpy().any()])


def missing_row(study: str, fit: Planned) -> dict[str, Any]:
    return {"study": study, "field": fit.field, "signal": fit.signal, "seed": fit.seed, "status": "missing"}


def fit_row(result: Result) -> dict[str, Any]:
    scores = {name: result.scores.get(name) for name in [*SCORES, *SOMETIMES]}
    return {name: getattr(result, name) for name in [*COLUMNS, DIVERGED]} | scores


def varying(results: Mapping[str, Result]) -> dict[str, dict[str, Any]]:
    """Settings in which fits of one field to one signal differ, by key and fit.

    Of an exchanged object its name stands for the settings that follow from it.
    """
    flat = {name: dict(flatten(result.config)) for name, result in results.items()}
    groups = {name: (result.field, result.signal) for name, result in results.items()}
    found: dict[str, dict[str, Any]] = {}
    for key in dict.fromkeys(key for settings in flat.values() for key in settings):
        values = {name: settings.get(key) for name, settings in flat.items()}
        seen: dict[tuple[str, str], set[Any]] = {}
        for name, value in values.items():
            seen.setdefault(groups[name], set()).add(value)
        named = (name for name, of in NAMED.items() if key.startswith(of) and key != name)
        owner = next(named, key.rpartition(".")[0] + "._target_")
        if max(map(len, seen.values())) > 1 and not (owner in found and follows(values, found[owner], groups)):
            found[key] = values
    return found


def follows(values: Mapping[str, Any], from_: Mapping[str, Any], groups: Mapping[str, Any]) -> bool:
    """Whether the second mapping's value determines the first one's, within each group."""
    pairs = {(groups[name], from_[name], value) for name, value in values.items()}
    return len(pairs) == len({pair[:2] for pair in pairs})


def flatten(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and plain values of a configuration, what others follow from first."""
    if key in IGNORED:
        return
    if isinstance(node, Mapping):
        for name in sorted(node, key=lambda name: name not in ("_target_", "supervise", "name")):
            yield from flatten(node[name], f"{key}.{name}" if key else str(name))
    else:
        yield key, str(node) if isinstance(node, list) else node
