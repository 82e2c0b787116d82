"""Fields compared image by image: a mean over images hides who wins where."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from fieldlab.report.table import VALIDATION

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

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0


def best_settings(fits: pd.DataFrame) -> pd.DataFrame:
    """Of each field the finished fits with one setting: the one with the best mean over signals on validation samples.

    Where nothing validates, training samples judge. A setting that has finished more signals goes first.
    """
    done = fits.loc[fits.status == "finished"]
    swept = fits.attrs["swept"]
    if not swept or done.empty:
        return done
    judge = VALIDATION if VALIDATION in done else "train_psnr"
    kept = []
    for _, of_field in done.groupby("field", sort=False):
        settings = [rows for _, rows in of_field.groupby(swept, sort=False, dropna=False)]
        kept.append(
            max(settings, key=lambda rows: (rows.signal.nunique(), rows.groupby("signal")[judge].mean().mean()))
        )
    return pd.concat(kept)


def pairs(fits: pd.DataFrame) -> list[Pair]:
    """All pairs of fields, each at its best setting, over the signals they share; with two signals at least.

    The difference on a signal is that of the means over seeds; the interval is the percentile bootstrap over signals,
    at 95 %.
    """
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
        found.append(Pair(better, other, float(difference.mean()), low, high, wins, len(difference)))
    return found


def interval(values: np.ndarray) -> tuple[float, float]:
    """Where the mean lies, by resampling the values; the same values give the same interval."""
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    found = bootstrap(
        (values,), np.mean, confidence_level=CONFIDENCE, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)
