"""The summary of a study: one row a field and signal, with mean and spread (Markdown, LaTeX)."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

from collections.abc import Mapping
from typing import Any

import pandas as pd

from fieldlab.config.schema import AUTO
from fieldlab.report.choice import arrange, best_by_signal, best_settings
from fieldlab.report.settings import format_setting, shorten
from fieldlab.report.table import (
    DECIDED,
    DIVERGED,
    nothing_held_out,
    scores_of_fits,
    scoring_of_fits,
    subject_settings,
    yardsticks_of_fits,
)
from fieldlab.runs.result import Result
from fieldlab.runs.scoring import Score

NONE = pd.Series(dtype=float)  # of a column that there is not


def summary_table(fits: pd.DataFrame, results: Mapping[str, Result], *, best: bool = False) -> pd.DataFrame:
    """One row a field, setting and signal: mean ± standard deviation over seeds, yardsticks last; then all signals.

    With `best` alone those of each field's best setting: on each signal the best there, over all signals one for all.
    """
    swept = fits.attrs["swept"]
    scores = scores_to_show(fits)
    yardsticks = yardstick_table(fits, results, scores)
    by_signal, chosen = (best_by_signal(fits), best_over_signals(fits)) if best else (fits, fits)
    rows = []
    for signal, of_signal in by_signal.groupby("signal", sort=False):
        for keys, group in of_signal.groupby(["field", *swept], sort=False, dropna=False):
            done = group[group.status == "finished"]
            row: dict[str, Any] = {"signal": signal, **dict(zip(["field", *swept], keys, strict=True))}
            row |= {key: describe_decided(group, key) for key in swept if row[key] == AUTO}
            row |= cells(done, scores) | {"n": count_runs(group)}
            rows.append(row)
        rows += yardstick_rows(fits, yardsticks.loc[yardsticks.signal == signal], signal, scores)
    rows += over_signals(chosen, fits, yardsticks, scores)
    table = pd.DataFrame(rows).drop(columns=["signal"] if fits.signal.nunique() == 1 else [])
    for key in swept:
        table[key] = table[key].map(format_setting)
    order = ["signal", "field", *swept, "parameters", *scores, "seconds", "wall", "n"]
    table = table[[name for name in order if name in table]].fillna("–").replace({None: "–"})
    table = table.drop(
        columns=[name for name in ("parameters", "wall") if name in table and table[name].eq("–").all()]
    )
    return table.rename(
        columns={name: score.label for name, score in scores.items()} | {key: shorten(key) for key in swept}
    )


def best_over_signals(fits: pd.DataFrame) -> pd.DataFrame:
    """The finished runs of each field with one setting for all signals, for each way in which subjects were given."""
    keys, arranged = subject_settings(fits), arrange(fits)
    ways = [way for _, way in fits.groupby(keys, sort=False, dropna=False)] if keys else [fits]
    return arranged.loc[arranged.index.isin([run for way in ways for run in best_settings(way).index])]


def scores_to_show(fits: pd.DataFrame) -> dict[str, Score]:
    """The scores that a table has: those of the runs, without those over parts where nothing is held out."""
    whole = scoring_of_fits(fits).whole
    left_out = whole.parts if whole and nothing_held_out(fits) else ()
    return {n: score for n, score in scores_of_fits(fits).items() if n in fits and n not in left_out}


def describe_decided(group: pd.DataFrame, key: str) -> str:
    """`auto: 4`, or `auto: 4, 8`: what was left to the program, and the numbers it chose."""
    chosen = dict.fromkeys(map(format_setting, group.get(DECIDED.format(key), NONE).dropna()))
    return f"{AUTO}: {', '.join(chosen)}" if chosen else AUTO


def cells(done: pd.DataFrame, scores: Mapping[str, Score]) -> dict[str, str]:
    """The parameters, scores and times of finished runs that differ in their seed."""
    counts = done.parameters.dropna()  # what only measures has none
    return {
        "parameters": f"{int(counts.iloc[0]):,}" if len(counts) else "–",
        **{name: spread(done[name], score) for name, score in scores.items()},
        "seconds": format_seconds(done.seconds),
        "wall": format_seconds(done.get("wall_seconds", NONE)),
    }


def format_seconds(values: pd.Series) -> str:
    """The median of the times that are known."""
    known = values.dropna()
    return f"{known.median():.1f}" if len(known) else "–"


def over_signals(
    chosen: pd.DataFrame, fits: pd.DataFrame, yardsticks: pd.DataFrame, scores: Mapping[str, Score]
) -> list[dict[str, Any]]:
    """Mean ± standard deviation over signals of each one's mean over seeds, of the runs that were chosen among all.

    Only signals that every field has finished count: means over different signals cannot be compared.
    """
    settings = ["field", *fits.attrs["swept"]]
    done = chosen[chosen.status == "finished"]
    times = [name for name in ("seconds", "wall_seconds") if name in done]
    means = done.groupby([*settings, "signal"], sort=False, dropna=False)[[*scores, *times, "parameters"]].mean()
    means = means.reset_index()
    complete = set(fits.signal) if scoring_of_fits(fits).ranked else set()
    for _, group in chosen.groupby(settings, sort=False, dropna=False):
        complete &= set(group.signal[group.status == "finished"])
    if len(complete) < 2 or set(chosen.field) != set(fits.field):
        return []
    total = fits.signal.nunique()
    name = f"all {total}" if len(complete) == total else f"{len(complete)} of {total}"
    means, yardsticks = (table.loc[table.signal.isin(complete)] for table in (means, yardsticks))
    rows = []
    for keys, group in means.groupby(settings, sort=False, dropna=False):
        row: dict[str, Any] = {"signal": name, **dict(zip(settings, keys, strict=True))}
        rows.append(row | cells(group, scores) | {"n": f"{len(group)} signals"})
    return rows + [
        row | {"n": f"{len(complete)} signals"}
        for row in yardstick_rows(fits, yardsticks, name, scores, signals=len(complete))
    ]


def yardstick_table(fits: pd.DataFrame, results: Mapping[str, Result], scores: Mapping[str, Score]) -> pd.DataFrame:
    """The scores of every yardstick, one row for each way in which the subject was given (its signal and split, say)."""
    subject = subject_settings(fits)
    rows = [
        {"signal": result.signal, "field": yardstick, **{key: fits.loc[name, key] for key in subject}}
        | {score: values.get(score) for score in scores}
        for name, result in results.items()
        for yardstick, values in result.yardsticks.items()
    ]
    table = pd.DataFrame(rows, columns=["signal", "field", *subject, *scores])
    return table.drop_duplicates(["signal", "field", *subject])


def yardstick_rows(
    fits: pd.DataFrame, yardsticks: pd.DataFrame, name: str, scores: Mapping[str, Score], *, signals: int = 1
) -> list[dict[str, Any]]:
    """A row for each yardstick that is known for all of so many signals, and each way in which they were given."""
    keys = [key for key in yardsticks if key not in ("signal", *scores)]
    known = yardsticks_of_fits(fits)
    rows = []
    for values, group in yardsticks.groupby(keys, sort=False, dropna=False):
        if len(group) == signals:
            row: dict[str, Any] = {"signal": name, **dict(zip(keys, values, strict=True))}
            row |= {score: spread(group[score], how) for score, how in scores.items()}
            instead = known[row["field"]].instead if row["field"] in known else {}
            rows.append(row | {score: words for score, words in instead.items() if score in scores})
    return rows


def spread(values: pd.Series, score: Score) -> str:
    """`mean ± standard deviation` (of the sample, n - 1); the value alone where there is but one."""
    values = values.dropna().astype(float)
    if values.empty:
        return "–"
    mean = score.format(values.mean())
    return mean if len(values) == 1 else f"{mean} ± {score.format(values.std())}"


def count_runs(group: pd.DataFrame) -> str:
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


def markdown(table: pd.DataFrame) -> str:
    return table.to_markdown(index=False, disable_numparse=True, colalign=["left"] + ["right"] * (table.shape[1] - 1))


def latex(table: pd.DataFrame) -> str:
    """The table for LaTeX; needs \\usepackage{booktabs}."""
    text = table.map(str).to_latex(index=False, escape=True, column_format="l" + "r" * (table.shape[1] - 1))
    return text.replace(" ± ", r" $\pm$ ").replace("–", "--").replace("°", r"\textdegree{}")
