"""The comparison of fields signal by signal: a mean over signals hides which field is better where."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false, reportReturnType=false

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import bootstrap, permutation_test

from fieldlab.report.choice import best_settings
from fieldlab.report.table import scores_of_fits, scoring_of_fits

CONFIDENCE = 0.95
MOST_FIELDS = 8


@dataclass(frozen=True)
class Pair:
    """The headline score of `field` minus that of `other`, over the signals that both have finished; `wins` are those on which `field` is better."""

    field: str
    other: str
    difference: float
    low: float
    high: float
    wins: int
    signals: int
    p: float

    @property
    def clear(self) -> bool:
        """Whether chance alone would rarely do this."""
        return self.p < 1 - CONFIDENCE


def pairs(fits: pd.DataFrame) -> list[Pair]:
    """All pairs of fields, the better one first, each at its best setting, over the signals they share; with two signals at least.

    The difference on a signal is that of the means over seeds, negative where lower scores are better; the interval is the percentile bootstrap over
    signals, at 95 %, and `p` is that of the exact sign-flip test, which needs six signals to fall below 5 %. Where a study sweeps
    the subject (sizes, splits), each way is a signal of its own. There are none where scores have no mean over subjects.
    """
    quality = measure_quality(fits)
    if quality.empty:
        return []
    sign = scores_of_fits(fits)[scoring_of_fits(fits).headline].sign
    ranking = quality.mean(axis=1).sort_values(ascending=False).index[:MOST_FIELDS]
    found = []
    for one, other in itertools.combinations(ranking, 2):
        gain = (quality.loc[one] - quality.loc[other]).dropna().to_numpy(dtype=float)
        if len(gain) < 2:
            continue
        better, worse, gain = (one, other, gain) if gain.mean() >= 0 else (other, one, -gain)
        low, high = sorted(sign * end for end in interval(gain))
        found.append(
            Pair(better, worse, sign * float(gain.mean()), low, high, int((gain > 0).sum()), len(gain), chance(gain))
        )
    return found


def measure_quality(fits: pd.DataFrame) -> pd.DataFrame:
    """The headline score by field and signal, each field at its best setting: the mean over seeds, negative where lower is better.

    Empty where scores have no mean over subjects.
    """
    scoring = scoring_of_fits(fits)
    if not scoring.ranked or scoring.headline not in fits:
        return pd.DataFrame()
    scored = best_settings(fits).groupby(["field", "signal"], sort=False)[scoring.headline]
    quality = scored.agg(lambda scores: scores.mean(skipna=False)).unstack("signal")
    return scores_of_fits(fits)[scoring.headline].sign * quality


def interval(values: np.ndarray) -> tuple[float, float]:
    """The interval in which the mean lies, by resampling the values; the same values give the same interval."""
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
