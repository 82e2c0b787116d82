"""The answer of a study in sentences: how the fields rank on each signal and over all."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fieldlab.report.choice import best_by_signal, best_settings, judge_of, name_subjects
from fieldlab.report.settings import format_setting, shorten
from fieldlab.report.table import nothing_held_out, scores_of_fits, scoring_of_fits
from fieldlab.runs.scoring import Score


def rank_by_signal(fits: pd.DataFrame) -> list[str]:
    """The ranking by the headline score, a sentence for each signal; each field at its best setting."""
    if not scoring_of_fits(fits).ranked:  # what a study makes of them is in its notes
        return []
    best, fits = name_subjects(best_by_signal(fits)), name_subjects(fits)
    finished = best[best.status == "finished"]
    return [
        line
        for signal, rows in finished.groupby("signal", sort=False)
        for line in describe_signal(str(signal), rows, *judge_of(fits[fits.signal == signal]))
    ]


def describe_signal(signal: str, rows: pd.DataFrame, judge: str, judged: str) -> list[str]:
    """The ranking on one signal, and the setting of each field where several were tried."""
    scoring, known, swept = scoring_of_fits(rows), scores_of_fits(rows), rows.attrs["swept"]
    headline = scoring.headline
    scored = rows.groupby("field")[list({judge, headline, *swept})]
    means = scored.agg(dict.fromkeys({judge, headline}, mean_of_all) | dict.fromkeys(swept, "first"))
    lines = []
    if len(means) == 1 and not swept:
        scores = scoring.describe({key: rows[key].mean() for key in rows if key in known})
        lines.append(f"Mean {scoring.noun} of {means.index[0]} on {signal}: {scores}.")
    if len(means) > 1:
        where = f", each field at its best setting by {judged}" if swept else ""
        lines.append(f"Mean {name_headline(rows)} on {signal}{where}: {ranking(means[headline], known[headline])}.")
    if swept:
        ranked = means.sort_values(headline, ascending=known[headline].lower).to_dict("index")
        lines += [
            f"- {field}{describe_settings(row, swept)} ({known[judge].label} {known[judge].format(row[judge])}{known[judge].unit.removeprefix(' in')})"
            for field, row in ranked.items()
        ]
    return lines


def mean_of_all(scores: pd.Series) -> float:
    """The mean; not a number where one of the scores is not known."""
    return scores.mean(skipna=False)


def rank_over_signals(fits: pd.DataFrame) -> list[str]:
    """The ranking over the signals, at least two, that every field has finished with its best setting."""
    best = best_settings(fits)
    scoring = scoring_of_fits(fits)
    means = best.groupby(["field", "signal"])[scoring.headline].agg(mean_of_all).unstack("signal")
    if set(best.field) != set(fits.field) or len(means) < 2 or not scoring.ranked:
        return []
    shared = means.dropna(axis=1)
    if shared.shape[1] < 2:
        return []
    every = "all" if shared.shape[1] == name_subjects(fits).signal.nunique() else "the"
    where = f", each field with one setting for all, the best by {judge_of(fits)[1]}" if fits.attrs["swept"] else ""
    order = ranking(shared.mean(axis=1), scoring.scores[scoring.headline])
    return [f"Mean {name_headline(fits)} over {every} {shared.shape[1]} signals{where}: {order}."]


def name_headline(fits: pd.DataFrame) -> str:
    """The score that ranks these runs, in words: `test PSNR in dB`."""
    scoring = scoring_of_fits(fits)
    if scoring.whole and nothing_held_out(fits):
        return f"{scoring.noun} {scoring.whole.scope}"
    score = scoring.scores[scoring.headline]
    return score.label + score.unit


def ranking(scores: pd.Series, score: Score) -> str:
    """`siren (25.05) > relu (18.43)`, the best first."""
    ranked = scores.dropna().sort_values(ascending=score.lower)
    return (" < " if score.lower else " > ").join(
        f"{field} ({score.format(value)})" for field, value in ranked.items()
    )


def describe_settings(row: Mapping[str, Any], swept: Sequence[str]) -> str:
    """`: lr 0.0003, first_omega_0 30`; nothing where a field has none of these settings."""
    settings = {shorten(key): format_setting(row[key]) for key in swept}
    chosen = ", ".join(f"{word} {setting}" for word, setting in settings.items() if setting != "–")
    return f": {chosen}" if chosen else ""
