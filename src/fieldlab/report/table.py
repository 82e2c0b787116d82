"""Tables of a study: one row a fit (CSV), one row a field and photo with mean and spread (Markdown, LaTeX)."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fieldlab.errors import InputError
from fieldlab.results import RESULT, Plan, Planned, Result, read_plan, read_result

COLUMNS = ["study", "field", "signal", "seed", "status", "parameters", "steps", "seconds"]
SCORES = ["train_psnr", "test_psnr", "full_psnr", "full_ssim"]
VALIDATION = "validation_psnr"
GIVEN = (
    "name",
    "learning_rate",
    "path",
    "_target_",
    "seed",
    "study",
    "question",
    "notes",
    "folder",
    "resume",
    "compile",
)
LABELS = {
    "field": "field",
    "signal": "signal",
    "parameters": "parameters",
    "train_psnr": "train PSNR",
    "validation_psnr": "validation PSNR",
    "test_psnr": "test PSNR",
    "full_psnr": "full PSNR",
    "full_ssim": "SSIM",
    "seconds": "seconds",
    "n": "n",
}


def read_fits(folder: Path) -> tuple[Plan | None, dict[str, Result]]:
    """The plan of a study, and the results that are there, by folder name.

    Raises:
        InputError: no such folder, or neither plan nor result in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    plan = read_plan(folder)
    results = {file.parent.name: read_result(file.parent) for file in sorted(folder.glob(f"*/{RESULT}"))}
    if plan is None and not results:
        raise InputError(f"{folder}: no fits here; name the folder of a study, like runs/psnr_table")
    return plan, results


def fits_table(plan: Plan | None, results: Mapping[str, Result]) -> pd.DataFrame:
    """One row a fit in the order of the plan, `missing` where there is no result; what was swept comes last."""
    planned = {fit.folder: fit for fit in plan.fits} if plan else {}
    varied = varying({name: result.config for name, result in results.items()})
    rows = [
        (fit_row(results[name]) if name in results else missing_row(plan.study if plan else "", planned[name]))
        | {key: values.get(name) for key, values in varied.items()}
        for name in dict.fromkeys([*planned, *results])
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *SCORES, VALIDATION, *varied])
    if table[VALIDATION].isna().all():
        table = table.drop(columns=VALIDATION)
    for column in ("seed", "parameters", "steps"):
        table[column] = table[column].astype("Int64")
    return table


def missing_row(study: str, fit: Planned) -> dict[str, Any]:
    return {"study": study, "field": fit.field, "signal": fit.signal, "seed": fit.seed, "status": "missing"}


def fit_row(result: Result) -> dict[str, Any]:
    scores = {name: result.scores.get(name) for name in [*SCORES, VALIDATION]}
    return {name: getattr(result, name) for name in COLUMNS} | scores


def varying(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Settings in which fits of the same field differ, by key and fit: what was swept besides field and seed."""
    flat = {name: dict(flatten(config)) for name, config in configs.items()}
    fields = {name: str(settings.get("field.name")) for name, settings in flat.items()}
    keys = sorted({key for settings in flat.values() for key in settings})
    found: dict[str, dict[str, Any]] = {}
    for key in keys:
        seen: dict[str, set[str]] = {}
        for name, settings in flat.items():
            seen.setdefault(fields[name], set()).add(repr(settings.get(key)))
        if max(map(len, seen.values())) > 1:
            found[key] = {name: settings.get(key) for name, settings in flat.items()}
    return found


def flatten(node: Any, key: str = "") -> list[tuple[str, Any]]:
    """Dotted keys and values of a configuration, without those that name a fit and do not determine it."""
    if not isinstance(node, Mapping):
        return [(key, node)]
    return [
        pair
        for name, value in node.items()
        if f"{key}.{name}" != "field.name" and name not in GIVEN and not (key == "schedule" and name == "T_max")
        for pair in flatten(value, f"{key}.{name}" if key else str(name))
    ] + ([("field.name", node["name"])] if key == "field" and "name" in node else [])


def summary_table(fits: pd.DataFrame, results: Mapping[str, Result]) -> pd.DataFrame:
    """One row a field and signal: mean ± standard deviation over seeds; interpolation as the last row of a signal."""
    varied = swept(fits)
    scores = [name for name in ("train_psnr", VALIDATION, "test_psnr", "full_psnr", "full_ssim") if name in fits]
    rows = []
    for signal, of_signal in fits.groupby("signal", sort=False):
        for keys, group in of_signal.groupby(["field", *varied], sort=False, dropna=False):
            done = group[group.status == "finished"]
            row: dict[str, Any] = {"signal": signal, **dict(zip(["field", *varied], keys, strict=True))}
            row["parameters"] = f"{done.parameters.iloc[0]:,}" if len(done) else "–"
            row |= {name: spread(done[name], 4 if name == "full_ssim" else 2) for name in scores}
            row["seconds"] = f"{done.seconds.median():.1f}" if len(done) else "–"
            row["n"] = count(group)
            rows.append(row)
        rows += bicubic_rows(str(signal), results, scores)
    table = pd.DataFrame(rows).drop(columns=["signal"] if fits.signal.nunique() == 1 else [])
    for key in varied:
        table[key] = table[key].map(
            lambda value: "–" if pd.isna(value) else f"{value:g}" if is_number(value) else value
        )
    order = [name for name in ("signal", "field", *varied, "parameters", *scores, "seconds", "n") if name in table]
    table = table[order].fillna("–").replace({None: "–"})
    return table.rename(columns=LABELS | {key: short(key) for key in varied})


def swept(fits: pd.DataFrame) -> list[str]:
    """The columns of settings that were swept besides field and seed."""
    return [column for column in fits.columns if column not in (*COLUMNS, *SCORES, VALIDATION)]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def bicubic_rows(signal: str, results: Mapping[str, Result], scores: Sequence[str]) -> list[dict[str, Any]]:
    """Cubic interpolation from the same training samples, once where all fits of a signal share them."""
    seen = [r.bicubic for r in results.values() if r.signal == signal and r.bicubic]
    distinct = [b for i, b in enumerate(seen) if b not in seen[:i]]
    return [
        {"signal": signal, "field": "bicubic", "parameters": "–", "seconds": "–", "n": "–"}
        | {name: spread(pd.Series([b.get(name)], dtype=float), 4 if name == "full_ssim" else 2) for name in scores}
        | {"train_psnr": "exact"}
        for b in (distinct if len(distinct) == 1 else [])
    ]


def spread(values: pd.Series, digits: int) -> str:
    """`mean ± standard deviation` (of the sample, n - 1); the value alone where there is but one."""
    values = values.dropna().astype(float)
    if values.empty:
        return "–"
    mean = f"{values.mean():.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {values.std():.{digits}f}"


def count(group: pd.DataFrame) -> str:
    """`3`, or `2 of 3: 1 diverged`."""
    unfinished = group.status[group.status != "finished"].value_counts()
    done = len(group) - unfinished.sum()
    if unfinished.empty:
        return str(done)
    return f"{done} of {len(group)}: " + ", ".join(f"{n} {status}" for status, n in unfinished.items())


def short(key: str) -> str:
    """The last word of a dotted key, with its part where that alone would not do: `sigma`, `lr`."""
    return key.rpartition(".")[2]


def markdown(table: pd.DataFrame) -> str:
    return table.to_markdown(index=False, disable_numparse=True, colalign=["left"] + ["right"] * (table.shape[1] - 1))


def latex(table: pd.DataFrame) -> str:
    """booktabs; needs \\usepackage{booktabs}."""
    plain = table.map(lambda cell: str(cell).replace(" ± ", r" $\pm$ ").replace("–", "--").replace("_", r"\_"))
    return plain.to_latex(index=False, column_format="l" + "r" * (table.shape[1] - 1))
