"""Fields compared image by image: a mean over images hides who wins where."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import bootstrap, permutation_test

from fieldlab.report.summary import short, shown
from fieldlab.report.table import scores_of_fits, scoring_of_fits, subject_settings

CONFIDENCE = 0.95
MOST_FIELDS = 8


@dataclass(frozen=True)
class Pair:
    """Test PSNR of `better` minus that of `other`, in dB, over the signals that both have finished."""

    better: str
    other: str
    difference: float
    low: float
    high: float
    wins: int
    signals: int
    p: float

    @property
    def clear(self) -> bool:
        """Whether chance alone would rarely do this: p < 0.05 in the exact sign-flip test, which needs six signals."""
        return self.p < 1 - CONFIDENCE


def best_settings(fits: pd.DataFrame) -> pd.DataFrame:
    """Of each field the finished fits with one setting, the best by the mean over signals on validation samples.

    Where nothing validates, training samples judge. Of settings that have finished equally many fits, more than
    others, those count that all of them have finished: means over different signals or seeds cannot be compared.
    """
    fits = by_world(fits)
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


def by_world(fits: pd.DataFrame) -> pd.DataFrame:
    """The fits with sizes, splits and whatever else was swept of what is fitted as part of the signal's name.

    No field is better for an easier signal: such settings are none to choose.
    """
    worlds = subject_settings(fits)
    named = fits.copy()
    for key in worlds:
        settings = [shown(value) for value in named[key]]
        named["signal"] += ["" if setting == "–" else f", {short(key)} {setting}" for setting in settings]
    named.attrs["swept"] = [key for key in fits.attrs["swept"] if key not in worlds]
    return named


def judge_of(fits: pd.DataFrame) -> tuple[str, str]:
    """The score that may choose among these fits, and what it is called."""
    done = fits[fits.status == "finished"]
    judges = scoring_of_fits(fits).judges
    known = [judge for judge in judges if judge in fits and done[judge].notna().all()]
    judge = next(iter(known), list(judges)[-1])
    return judge, judges[judge]


def pairs(fits: pd.DataFrame) -> list[Pair]:
    """All pairs of fields, each at its best setting, over the signals they share; with two signals at least.

    The difference on a signal is that of the means over seeds; the interval is the percentile bootstrap over signals,
    at 95 %. Where a study sweeps what is fitted (sizes, splits), each way is a signal of its own. Shapes have none.
    """
    if "test_psnr" not in fits:
        return []
    means = best_settings(fits).groupby(["field", "signal"], sort=False).test_psnr.mean().unstack("signal")
    ranking = means.mean(axis=1).sort_values(ascending=False).index[:MOST_FIELDS]
    found = []
    for one, other in itertools.combinations(ranking, 2):
        difference = (means.loc[one] - means.loc[other]).dropna().to_numpy(dtype=float)
        if len(difference) < 2:
            continue
        better, other, difference = (one, other, difference) if difference.mean() >= 0 else (other, one, -difference)
        low, high = interval(difference)
        wins = int((difference > 0).sum())
        found.append(
            Pair(better, other, float(difference.mean()), low, high, wins, len(difference), chance(difference))
        )
    return found


def interval(values: np.ndarray) -> tuple[float, float]:
    """Where the mean lies, by resampling the values; the same values give the same interval."""
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    found = bootstrap(
        (values,), np.mean, confidence_level=CONFIDENCE, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)


def chance(differences: np.ndarray) -> float:
    """How often the mean would be as far from zero if each difference could as well have the other sign."""
    test = permutation_test((differences,), np.mean, permutation_type="samples", rng=np.random.default_rng(0))
    return float(test.pvalue)
