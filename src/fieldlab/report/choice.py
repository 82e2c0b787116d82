"""The choice among settings: each field is compared with others by its best one."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

import numpy as np
import pandas as pd

from fieldlab.report.settings import format_setting, shorten
from fieldlab.report.table import scores_of_fits, scoring_of_fits, subject_settings


def best_settings(fits: pd.DataFrame) -> pd.DataFrame:
    """The finished runs of each field with one setting, the best by the mean over signals of the score that judges.

    Of settings that have finished equally many runs, more than others, those runs count that all of them have finished:
    means over different signals or seeds cannot be compared.
    """
    fits = name_subjects(fits)
    done = fits.loc[fits.status == "finished"]
    settings = fits.attrs["swept"]
    if not settings or done.empty:
        return done
    judge = judge_of(done)[0]
    kept = []
    for _, of_field in done.groupby("field", sort=False):
        number = of_field.groupby(settings, sort=False, dropna=False).ngroup()
        scores = of_field.assign(number=number).pivot_table(index="number", columns=["signal", "seed"], values=judge)
        scores *= scores_of_fits(done)[judge].sign
        finished = scores.notna().sum(axis=1)
        shared = scores[finished == finished.max()].dropna(axis=1)
        best = shared.T.groupby(level="signal").mean().mean() if shared.shape[1] else finished
        kept.append(of_field.loc[number == best.idxmax()] if len(best) else of_field)
    return pd.concat(kept)


def best_by_signal(fits: pd.DataFrame) -> pd.DataFrame:
    """The runs of each field on each signal with the setting that is best there, by the mean over seeds of what judges.

    A field that has finished nothing on a signal keeps its first setting.
    """
    subjects = name_subjects(fits)
    settings = subjects.attrs["swept"]
    if not settings:
        return fits
    kept = []
    for _, of_signal in subjects.groupby("signal", sort=False):
        judge = judge_of(of_signal)[0]
        sign = scores_of_fits(of_signal)[judge].sign
        for _, runs in of_signal.groupby("field", sort=False):
            number = runs.groupby(settings, sort=False, dropna=False).ngroup()
            done = runs[runs.status == "finished"]
            best = 0
            if len(done):
                means = done[judge].groupby(number[done.index]).agg(lambda scores: scores.mean(skipna=False))
                best = (sign * means).fillna(-np.inf).idxmax()
            kept.extend(runs.index[number == best])
    arranged = arrange(fits)
    return arranged.loc[arranged.index.isin(kept)]


def arrange(fits: pd.DataFrame) -> pd.DataFrame:
    """The runs by subject and by field, both in the order in which they first come."""
    subjects = pd.factorize(name_subjects(fits).signal)[0]
    return fits.iloc[np.lexsort([pd.factorize(fits.field)[0], subjects])]


def name_subjects(fits: pd.DataFrame) -> pd.DataFrame:
    """The runs with sizes, splits and whatever else was swept of the subject as part of the signal's name.

    No field is better for an easier signal: such settings are none to choose.
    """
    keys = subject_settings(fits)
    renamed = fits.copy()
    for key in keys:
        settings = [format_setting(value) for value in renamed[key]]
        renamed["signal"] += ["" if setting == "–" else f", {shorten(key)} {setting}" for setting in settings]
    renamed.attrs["swept"] = [key for key in fits.attrs["swept"] if key not in keys]
    return renamed


def judge_of(fits: pd.DataFrame) -> tuple[str, str]:
    """The score that may choose among these runs, and its name in words."""
    done = fits[fits.status == "finished"]
    judges = scoring_of_fits(fits).judges
    known = [judge for judge in judges if judge in fits and done[judge].notna().all()]
    judge = next(iter(known), list(judges)[-1])
    return judge, judges[judge]
