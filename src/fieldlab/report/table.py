"""Tables of a study: one row a fit (CSV), one row a field and photo with mean and spread (Markdown, LaTeX)."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fieldlab.errors import InputError
from fieldlab.results import RESULT, Plan, Planned, Result, read_plan, read_result

COLUMNS = ["study", "field", "signal", "seed", "status", "parameters", "steps", "seconds"]
SCORES = ["train_psnr", "test_psnr", "full_psnr", "full_ssim"]
VALIDATION = "validation_psnr"
DIVERGED = "diverged_at"
IGNORED = {  # what names or follows a fit, or goes without saying
    "study", "question", "notes", "seed", "folder", "resume", "compile", "logger", "experiment",
    "field.name", "field.learning_rate", "signal.name", "schedule.T_max",
}  # fmt: skip
LABELS = {
    "train_psnr": "train PSNR",
    "validation_psnr": "validation PSNR",
    "test_psnr": "test PSNR",
    "full_psnr": "full PSNR",
    "full_ssim": "SSIM",
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
    """One row a fit in the order of the plan, `missing` where there is no result.

    What was swept besides field, signal and seed comes last, and is named in `attrs["swept"]`.
    """
    planned = {fit.folder: fit for fit in plan.fits} if plan else {}
    varied = varying(results)
    rows = [
        {key: values.get(name) for key, values in varied.items()}
        | (fit_row(results[name]) if name in results else missing_row(plan.study if plan else "", planned[name]))
        for name in dict.fromkeys([*planned, *results])
    ]
    names = dict.fromkeys([*COLUMNS, *SCORES, VALIDATION, DIVERGED, *varied])
    table = pd.DataFrame(rows, columns=list(names))
    for column in (VALIDATION, DIVERGED):
        if table[column].isna().to_numpy().all():
            table = table.drop(columns=column)
    for column in ("seed", "parameters", "steps", DIVERGED):
        if column in table:
            table[column] = table[column].astype("Int64")
    table.attrs["swept"] = list(varied)
    return table


def missing_row(study: str, fit: Planned) -> dict[str, Any]:
    return {"study": study, "field": fit.field, "signal": fit.signal, "seed": fit.seed, "status": "missing"}


def fit_row(result: Result) -> dict[str, Any]:
    scores = {name: result.scores.get(name) for name in [*SCORES, VALIDATION]}
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
        owner = key.rpartition(".")[0] + "._target_"
        if max(map(len, seen.values())) > 1 and not (owner in found and follows(values, found[owner], groups)):
            found[key] = values
    return found


def follows(values: Mapping[str, Any], from_: Mapping[str, Any], groups: Mapping[str, Any]) -> bool:
    """Whether the second mapping's value determines the first one's, within each group."""
    pairs = {(groups[name], from_[name], value) for name, value in values.items()}
    return len(pairs) == len({pair[:2] for pair in pairs})


def flatten(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and plain values of a configuration, `_target_` before the settings beside it."""
    if key in IGNORED:
        return
    if isinstance(node, Mapping):
        for name in sorted(node, key=lambda name: name != "_target_"):
            yield from flatten(node[name], f"{key}.{name}" if key else str(name))
    else:
        yield key, str(node) if isinstance(node, list) else node


def summary_table(fits: pd.DataFrame, results: Mapping[str, Result]) -> pd.DataFrame:
    """One row a field and signal: mean ± standard deviation over seeds; interpolation as the last row of a signal."""
    varied = fits.attrs["swept"]
    scores = [name for name in ("train_psnr", VALIDATION, "test_psnr", "full_psnr", "full_ssim") if name in fits]
    cubic = bicubic_rows(fits, results, scores)
    rows = []
    for signal, of_signal in fits.groupby("signal", sort=False):
        for keys, group in of_signal.groupby(["field", *varied], sort=False, dropna=False):
            done = group[group.status == "finished"]
            row: dict[str, Any] = {"signal": signal, **dict(zip(["field", *varied], keys, strict=True))}
            row["parameters"] = f"{done.parameters.iloc[0]:,}" if len(done) else "–"
            row |= {name: spread(done[name], digits(name)) for name in scores}
            row["seconds"] = f"{done.seconds.median():.1f}" if len(done) else "–"
            row["n"] = count(group)
            rows.append(row)
        rows += [row for row in cubic if row["signal"] == signal]
    table = pd.DataFrame(rows).drop(columns=["signal"] if fits.signal.nunique() == 1 else [])
    for key in varied:
        table[key] = table[key].map(shown)
    order = [name for name in ("signal", "field", *varied, "parameters", *scores, "seconds", "n") if name in table]
    table = table[order].fillna("–").replace({None: "–"})
    return table.rename(columns=LABELS | {key: short(key) for key in varied})


def shown(value: Any) -> str:
    """A setting in a cell: numbers short, targets by their last word."""
    if value is None or value is pd.NA or value != value:
        return "–"
    if is_number(value):
        return f"{value:g}"
    return str(value).rpartition(".")[2] if re.fullmatch(r"[\w.]+", str(value)) else str(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def bicubic_rows(fits: pd.DataFrame, results: Mapping[str, Result], scores: Sequence[str]) -> list[dict[str, Any]]:
    """Cubic interpolation from the same training samples, for each way in which signal and split were given."""
    world = [key for key in fits.attrs["swept"] if key.startswith(("signal.", "split."))]
    varied = varying(results)
    rows = []
    for name, result in results.items():
        if result.bicubic is not None:
            row = {"signal": result.signal, "field": "bicubic", **{key: varied[key][name] for key in world}}
            for score in scores:
                value = pd.Series([result.bicubic.get(score)], dtype=float)
                row[score] = "exact" if score == "train_psnr" else spread(value, digits(score))
            rows += [row] if row not in rows else []
    return rows


def digits(score: str) -> int:
    return 4 if score == "full_ssim" else 2


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
    parts = [f"{n} {status}" for status, n in unfinished.items()]
    if "diverged" in unfinished:
        at = ", ".join(map(str, sorted(group[DIVERGED].dropna())))
        parts = [part + f" at step {at}" if part.endswith("diverged") else part for part in parts]
    return f"{done} of {len(group)}: " + ", ".join(parts)


def short(key: str) -> str:
    """The word a setting goes by: `sigma` for field.encoding.sigma, `split` for split._target_."""
    return key.removesuffix("._target_").rpartition(".")[2]


def markdown(table: pd.DataFrame) -> str:
    return table.to_markdown(index=False, disable_numparse=True, colalign=["left"] + ["right"] * (table.shape[1] - 1))


def latex(table: pd.DataFrame) -> str:
    """booktabs; needs \\usepackage{booktabs}."""
    plain = table.map(lambda cell: str(cell).replace(" ± ", r" $\pm$ ").replace("–", "--").replace("_", r"\_"))
    return plain.to_latex(index=False, column_format="l" + "r" * (table.shape[1] - 1))
