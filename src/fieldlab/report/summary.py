"""The table that answers: one row a field and signal, with mean and spread (Markdown, LaTeX)."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from fieldlab.report.table import DIVERGED, scores_of_fits, scoring_of_fits, subject_settings
from fieldlab.results import Result
from fieldlab.runs.scoring import Score

HELD_OUT = ("train_psnr", "test_psnr")


def summary_table(fits: pd.DataFrame, results: Mapping[str, Result]) -> pd.DataFrame:
    """One row a field and signal: mean ± standard deviation over seeds, interpolation last; then all signals."""
    varied = fits.attrs["swept"]
    known = scores_of_fits(fits)
    scores = {n: score for n, score in known.items() if n in fits and not (n in HELD_OUT and nothing_held_out(fits))}
    cubic = yardsticks(fits, results, scores)
    rows = []
    for signal, of_signal in fits.groupby("signal", sort=False):
        for keys, group in of_signal.groupby(["field", *varied], sort=False, dropna=False):
            done = group[group.status == "finished"]
            row: dict[str, Any] = {"signal": signal, **dict(zip(["field", *varied], keys, strict=True))}
            row |= cells(done, scores) | {"n": count(group)}
            rows.append(row)
        rows += cubic_rows(cubic.loc[cubic.signal == signal], signal, scores)
    rows += over_signals(fits, cubic, scores)
    table = pd.DataFrame(rows).drop(columns=["signal"] if fits.signal.nunique() == 1 else [])
    for key in varied:
        table[key] = table[key].map(shown)
    order = [name for name in ("signal", "field", *varied, "parameters", *scores, "seconds", "n") if name in table]
    table = table[order].fillna("–").replace({None: "–"})
    return table.rename(columns={name: score.label for name, score in scores.items()} | {k: short(k) for k in varied})


def nothing_held_out(fits: pd.DataFrame) -> bool:
    """Whether training and test samples are all samples, so that three scores are one."""
    done = fits[fits.status == "finished"]
    return len(done) > 0 and "full_psnr" in fits and all((done[name] == done.full_psnr).all() for name in HELD_OUT)


def cells(done: pd.DataFrame, scores: Mapping[str, Score]) -> dict[str, str]:
    """Parameters, scores and seconds of finished fits that differ in their seed."""
    return {
        "parameters": f"{done.parameters.iloc[0]:,}" if len(done) else "–",
        **{name: spread(done[name], score) for name, score in scores.items()},
        "seconds": f"{done.seconds.median():.1f}" if len(done) else "–",
    }


def over_signals(fits: pd.DataFrame, cubic: pd.DataFrame, scores: Mapping[str, Score]) -> list[dict[str, Any]]:
    """Mean ± standard deviation over signals of each one's mean over seeds.

    Only signals that every field has finished count: means over different signals cannot be compared.
    """
    settings = ["field", *fits.attrs["swept"]]
    done = fits[fits.status == "finished"]
    means = done.groupby([*settings, "signal"], sort=False, dropna=False)[[*scores, "parameters", "seconds"]].mean()
    means = means.reset_index()
    complete = set(fits.signal) if scoring_of_fits(fits).ranked else set()
    for _, group in fits.groupby(settings, sort=False, dropna=False):
        complete &= set(group.signal[group.status == "finished"])
    if len(complete) < 2:
        return []
    total = fits.signal.nunique()
    name = f"all {total}" if len(complete) == total else f"{len(complete)} of {total}"
    means, cubic = (table.loc[table.signal.isin(complete)] for table in (means, cubic))
    rows = []
    for keys, group in means.groupby(settings, sort=False, dropna=False):
        row: dict[str, Any] = {"signal": name, **dict(zip(settings, keys, strict=True))}
        rows.append(row | cells(group.astype({"parameters": int}), scores) | {"n": f"{len(group)} signals"})
    return rows + [
        row | {"n": f"{len(complete)} signals"} for row in cubic_rows(cubic, name, scores, signals=len(complete))
    ]


def shown(value: Any) -> str:
    """A setting in a cell: numbers short, targets by their last word."""
    if value is None or value is pd.NA or value != value:
        return "–"
    if is_number(value):
        return f"{value:g}"
    return str(value).rpartition(".")[2] if re.fullmatch(r"[\w.]+", str(value)) else str(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def yardsticks(fits: pd.DataFrame, results: Mapping[str, Result], scores: Mapping[str, Score]) -> pd.DataFrame:
    """Cubic interpolation from the same training samples, the classical solution of the same gradients, and what real
    patches are to a network, for each way in which signal, split and stencil, or model and size, were given."""
    world = subject_settings(fits)
    rows = [
        {"signal": result.signal, "field": method, **{key: fits.loc[name, key] for key in world}}
        | {score: scored.get(score) for score in scores}
        for name, result in results.items()
        for method, scored in (
            ("bicubic", result.bicubic),
            ("Poisson solver", result.classical),
            ("real patches", result.real),
        )
        if scored is not None
    ]
    return pd.DataFrame(rows, columns=["signal", "field", *world, *scores]).drop_duplicates(
        ["signal", "field", *world]
    )


def cubic_rows(
    cubic: pd.DataFrame, name: str, scores: Mapping[str, Score], *, signals: int = 1
) -> list[dict[str, Any]]:
    """A row for each way in which interpolation was done for all of so many signals.

    It passes through its training samples: a score there would measure rounding.
    """
    world = [key for key in cubic if key not in ("signal", *scores)]
    return [
        {"signal": name, **dict(zip(world, keys, strict=True))}
        | {name: spread(group[name], score) for name, score in scores.items()}
        | ({"train_psnr": "exact"} if group.field.iloc[0] == "bicubic" and "train_psnr" in scores else {})
        for keys, group in cubic.groupby(world, sort=False, dropna=False)
        if len(group) == signals
    ]


def spread(values: pd.Series, score: Score) -> str:
    """`mean ± standard deviation` (of the sample, n - 1); the value alone where there is but one."""
    values = values.dropna().astype(float)
    if values.empty:
        return "–"
    mean = score.format(values.mean())
    return mean if len(values) == 1 else f"{mean} ± {score.format(values.std())}"


def count(group: pd.DataFrame) -> str:
    """`3`, or `2 of 3: 1 diverged`."""
    unfinished = group.status[group.status != "finished"].value_counts()
    done = len(group) - unfinished.sum()
    scoring = scoring_of_fits(group)
    bare = int(group[scoring.headline][group.status == "finished"].isna().sum()) if scoring.lacking else 0
    if unfinished.empty:
        return f"{done}, {bare} {scoring.lacking}" if bare else str(done)
    parts = [f"{n} {status}" for status, n in unfinished.items()]
    if "diverged" in unfinished:
        at = ", ".join(map(str, sorted(group[DIVERGED].dropna())))
        parts = [part + f" at step {at}" if part.endswith("diverged") else part for part in parts]
    return f"{done} of {len(group)}: " + ", ".join(parts)


def short(key: str) -> str:
    """The word a setting goes by: `sigma` for field.encoding.sigma, `split` for split._target_, `colors` for canvas.colors.name."""
    return key.removesuffix("._target_").removesuffix(".name").rpartition(".")[2]


def markdown(table: pd.DataFrame) -> str:
    return table.to_markdown(index=False, disable_numparse=True, colalign=["left"] + ["right"] * (table.shape[1] - 1))


def latex(table: pd.DataFrame) -> str:
    """booktabs; needs \\usepackage{booktabs}."""
    text = table.map(str).to_latex(index=False, escape=True, column_format="l" + "r" * (table.shape[1] - 1))
    return text.replace(" ± ", r" $\pm$ ").replace("–", "--").replace("°", r"\textdegree{}")
