"""Many fields at once: chance is asked about all of them together, as pairs alone would be clear too often."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import friedmanchisquare, studentized_range, ttest_1samp

from fieldlab.report.paired import CONFIDENCE, Pair, interval, measure_quality
from fieldlab.report.table import scores_of_fits, scoring_of_fits

LEAST_SIGNALS = 5  # fewer tell nothing of chance
LEAST_FIELDS, MOST_RANKED = 3, 10


@dataclass(frozen=True)
class Ranks:
    """Mean ranks of fields over signals, the best first, and by how much two of them must differ.

    `critical` is Nemenyi's difference, q sqrt(k (k + 1) / (6 n)) for k fields and n signals, with q of the studentised range over
    sqrt 2, and `p` is that of Friedman's test of all fields being alike (Demšar 2006).
    """

    means: dict[str, float]
    critical: float
    p: float
    signals: int

    def describe(self) -> str:
        order = ", ".join(f"{field} {mean:.1f}" for field, mean in self.means.items())
        return (
            f"Mean rank over {self.signals} signals: {order}. Two fields differ at 5 % where their mean ranks are {self.critical:.1f} apart"
            f" (Nemenyi); that all are alike has p = {self.p:.2g} (Friedman)."
        )


def rank_fields(fits: pd.DataFrame) -> Ranks | None:
    """Ranks over the signals that all fields have finished; None for fewer than 3 fields or more than 10, or fewer than 5 signals."""
    quality = complete(fits)
    fields, signals = quality.shape
    if not LEAST_FIELDS <= fields <= MOST_RANKED or signals < LEAST_SIGNALS:
        return None
    means = quality.rank(ascending=False).mean(axis=1).sort_values()
    q = studentized_range.ppf(CONFIDENCE, fields, np.inf) / math.sqrt(2)
    return Ranks(
        means={str(field): float(mean) for field, mean in means.items()},
        critical=float(q * math.sqrt(fields * (fields + 1) / (6 * signals))),
        p=float(friedmanchisquare(*quality.to_numpy()).pvalue),
        signals=signals,
    )


def compare_to_first(fits: pd.DataFrame) -> list[Pair]:
    """Of more than 10 fields, each against the study's first one over the signals that all have finished, the best first.

    None for fewer than 5 signals. The interval is the percentile bootstrap's over signals, of this field alone; `p` is a paired
    t-test's, with Holm's correction.
    """
    quality = complete(fits)
    if len(quality) <= MOST_RANKED or quality.shape[1] < LEAST_SIGNALS:
        return []
    reference = str(fits.field.iloc[0])
    sign = scores_of_fits(fits)[scoring_of_fits(fits).headline].sign
    gains = (quality - quality.loc[reference]).drop(index=reference)
    corrected = correct([float(ttest_1samp(gain, 0).pvalue) if np.ptp(gain) else 1.0 for gain in gains.to_numpy()])
    found = []
    for (field, gain), p in zip(gains.iterrows(), corrected, strict=True):
        low, high = sorted(sign * end for end in interval(gain.to_numpy()))
        wins = int((gain > 0).sum())
        found.append(Pair(str(field), reference, sign * float(gain.mean()), low, high, wins, len(gain), p))
    return sorted(found, key=lambda one: -sign * one.difference)


def complete(fits: pd.DataFrame) -> pd.DataFrame:
    """Quality by field and signal, of the signals that every field has finished."""
    quality = measure_quality(fits)
    return quality.dropna(axis=1) if set(quality.index) == set(fits.field) else pd.DataFrame()


def correct(chances: list[float]) -> list[float]:
    """Holm's correction (1979): the i-th smallest of k is multiplied by k - i + 1, and none falls below one that was smaller."""
    order = np.argsort(chances)
    raised = np.maximum.accumulate(np.asarray(chances)[order] * np.arange(len(chances), 0, -1))
    found = np.empty(len(chances))
    found[order] = np.minimum(raised, 1)
    return found.tolist()


def difference_table(fits: pd.DataFrame) -> pd.DataFrame:
    """The comparison with the first field, to be read."""
    score = scores_of_fits(fits)[scoring_of_fits(fits).headline]
    return pd.DataFrame(
        {
            "field": one.field,
            f"against {fits.field.iloc[0]}": score.format_difference(one.difference),
            "95 % interval": f"{score.format_difference(one.low)} to {score.format_difference(one.high)}",
            "better on": f"{one.wins} of {one.signals}",
            "p (Holm)": f"{one.p:.2g}",
        }
        for one in compare_to_first(fits)
    )
