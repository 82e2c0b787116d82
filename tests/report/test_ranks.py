"""Many fields at once: critical differences, and differences to one field with a correction."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from fieldlab.report.ranks import compare_to_first, correct, difference_table, rank_fields
from fieldlab.report.readme import compare_fields


def table(quality: np.ndarray) -> pd.DataFrame:
    """Two seeds of each field (a row) on each signal (a column), half a dB above and below."""
    rows = [
        {"field": f"f{i}", "signal": f"s{j}", "seed": seed, "validation_psnr": 0.0, "test_psnr": score + seed - 0.5}
        for (i, j), score in np.ndenumerate(quality)
        for seed in (0, 1)
    ]
    fits = pd.DataFrame(rows).assign(status="finished", task="fieldlab.tasks.fit.Fit")
    fits.attrs["swept"] = []
    return fits


@pytest.mark.parametrize(("fields", "q"), [(3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_differences_are_those_of_demsar(fields: int, q: float):
    quality = np.arange(fields)[:, None] + 10.0 * np.arange(6)
    ranks = rank_fields(table(quality))
    assert ranks is not None
    assert ranks.critical == pytest.approx(q * math.sqrt(fields * (fields + 1) / 36), rel=1e-3)
    assert list(ranks.means.values()) == list(range(1, fields + 1))
    assert next(iter(ranks.means)) == f"f{fields - 1}"
    assert ranks.p < 0.05
    assert f"f{fields - 1} 1.0" in ranks.describe()


def test_ties_share_their_rank():
    quality = np.tile([[1.0], [1.0], [0.0]], 5)
    ranks = rank_fields(table(quality))
    assert ranks is not None
    assert ranks.means == {"f0": 1.5, "f1": 1.5, "f2": 3.0}


def test_few_signals_or_fields_are_not_ranked_and_many_fields_are_held_to_the_first():
    assert rank_fields(table(np.zeros((3, 4)))) is None
    assert rank_fields(table(np.zeros((2, 8)))) is None
    assert rank_fields(table(np.random.default_rng(0).random((11, 8)))) is None
    assert compare_to_first(table(np.zeros((10, 8)))) == []
    assert compare_to_first(table(np.zeros((11, 4)))) == []


def test_signals_that_one_field_has_not_finished_do_not_count():
    fits = table(np.arange(3)[:, None] + np.zeros((3, 6)))
    fits.loc[(fits.field == "f2") & (fits.signal == "s5"), "status"] = "failed"
    ranks = rank_fields(fits)
    assert ranks is not None
    assert ranks.signals == 5
    fits.loc[fits.field == "f2", "status"] = "failed"
    assert rank_fields(fits) is None


def test_differences_are_paired_and_corrected():
    draw = np.random.default_rng(0)
    photos = draw.normal(25, 5, 8)  # far apart
    gains = draw.normal(np.linspace(-2, 2, 12)[:, None], 0.4, (12, 8))
    quality = photos + gains - gains[0]
    found = {one.field: one for one in compare_to_first(table(quality))}
    assert set(found) == {f"f{i}" for i in range(1, 12)}
    chances = [ttest_1samp(quality[i] - quality[0], 0).pvalue for i in range(1, 12)]
    assert found["f11"].difference == pytest.approx((quality[11] - quality[0]).mean())
    smallest = int(np.argmin(chances)) + 1
    assert found[f"f{smallest}"].p == pytest.approx(11 * min(chances))
    assert found["f11"].clear
    assert (found["f11"].wins, found["f11"].signals) == (8, 8)
    shown = difference_table(table(quality))
    assert shown.columns.tolist() == ["field", "against f0", "95 % interval", "better on", "p (Holm)"]
    assert "paired over signals" in compare_fields(table(quality))[1]


def test_holms_correction():
    assert correct([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert correct([0.9, 0.8]) == [1.0, 1.0]


def test_equal_fields_are_not_told_apart():
    assert all(one.p == 1.0 and one.difference == 0 for one in compare_to_first(table(np.ones((11, 6)))))
