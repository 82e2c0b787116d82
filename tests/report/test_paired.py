"""Paired comparison: the same signals for both, each field at its one best setting."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from fieldlab.report.choice import best_settings
from fieldlab.report.paired import interval, pairs


def table(rows: list[tuple], swept: tuple[str, ...] = ()) -> pd.DataFrame:
    """Rows of field, signal, seed, validation, test, and the swept settings; None for a score: not finished."""
    columns = ["field", "signal", "seed", "validation_psnr", "test_psnr", *swept]
    fits = pd.DataFrame(rows, columns=columns)
    fits["status"] = np.where(fits.test_psnr.isna(), "failed", "finished")
    fits["task"] = "fieldlab.tasks.fit.Fit"
    fits.attrs["swept"] = list(swept)
    return fits


def test_differences_are_of_means_over_seeds_on_shared_signals():
    rows = [("a", "x", 0, 0, 30.0), ("a", "x", 1, 0, 32.0), ("a", "y", 0, 0, 20.0), ("a", "z", 0, 0, 99.0)]
    rows += [("b", "x", 0, 0, 30.0), ("b", "y", 0, 0, 21.0), ("b", "z", 0, None, None)]
    [pair] = pairs(table(rows))
    assert (pair.field, pair.other) in (("a", "b"), ("b", "a"))
    assert pair.difference == pytest.approx(0)  # +1 on x, -1 on y; z is not shared
    assert (pair.signals, pair.wins) == (2, 1)
    assert not pair.clear


def test_a_clear_winner_and_its_interval():
    rng = np.random.default_rng(1)
    photos = rng.normal(25, 5, 24)  # far apart: unpaired, two dB would not be seen
    gain = rng.normal(2, 0.5, 24)
    rows = [("old", f"s{i}", 0, 0, dB) for i, dB in enumerate(photos)]
    rows += [("new", f"s{i}", 0, 0, dB) for i, dB in enumerate(photos + gain)]
    [pair] = pairs(table(rows))
    assert (pair.field, pair.other, pair.wins, pair.signals) == ("new", "old", 24, 24)
    assert pair.difference == pytest.approx(gain.mean())
    assert pair.clear
    normal = 1.96 * gain.std(ddof=1) / np.sqrt(24)
    assert pair.high - pair.low == pytest.approx(2 * normal, rel=0.25)
    again = bootstrap((gain,), np.mean, method="percentile", rng=np.random.default_rng(0)).confidence_interval
    assert (pair.low, pair.high) == pytest.approx((again.low, again.high))


def test_equal_differences_have_no_width():
    assert interval(np.array([1.5, 1.5, 1.5])) == (1.5, 1.5)


def test_one_signal_is_no_pair():
    assert pairs(table([("a", "x", 0, 0, 30.0), ("b", "x", 0, 0, 20.0)])) == []
    assert pairs(table([("a", "x", 0, None, None)])) == []


def test_one_setting_for_all_signals_chosen_by_validation():
    rows = [
        ("a", "x", 0, 30.0, 10.0, 1.0), ("a", "y", 0, 30.0, 10.0, 1.0),  # best by validation, not by test
        ("a", "x", 0, 29.0, 50.0, 2.0), ("a", "y", 0, 29.0, 50.0, 2.0),
        ("a", "x", 0, 99.0, 99.0, 3.0), ("a", "y", 0, None, None, 3.0),  # has not finished y
        ("b", "x", 0, 5.0, 5.0, None), ("b", "y", 0, 5.0, 5.0, None),  # has no such setting
    ]  # fmt: skip
    best = best_settings(table(rows, ("sigma",)))
    assert best[best.field == "a"].sigma.tolist() == [1.0, 1.0]
    assert len(best[best.field == "b"]) == 2


def test_settings_are_compared_on_what_they_share():
    rows = [("a", "easy", 0, 40.0, 40.0, 1.0), ("a", "middle", 0, 30.0, 30.0, 1.0)]
    rows += [("a", "middle", 0, 33.0, 33.0, 2.0), ("a", "hard", 0, 20.0, 20.0, 2.0)]
    assert set(best_settings(table(rows, ("lr",))).lr) == {2.0}  # better on the one signal that both have
    survivor = [("a", "x", seed, 30.0, 30.0, 1.0) for seed in range(3)] + [("a", "x", 0, 30.1, 30.1, 2.0)]
    assert set(best_settings(table(survivor, ("lr",))).lr) == {1.0}


def test_sizes_and_splits_are_part_of_the_signal():
    rows = [("a", "x", 0, None, 60.0, "m.all"), ("a", "x", 0, 30.0, 30.0, "m.stride")]
    rows += [("b", "x", 0, None, 61.0, "m.all"), ("b", "x", 0, 29.0, 29.0, "m.stride")]
    fits = table(rows, ("split._target_",))
    assert len(best_settings(fits)) == 4
    assert set(best_settings(fits).signal) == {"x, split all", "x, split stride"}
    [pair] = pairs(fits)
    assert (pair.signals, pair.difference) == (2, pytest.approx(0))


def test_where_lower_is_better_the_lower_field_is_and_differences_are_negative():
    rows = [("near", f"s{i}", 0, 0, 0.10 + i) for i in range(6)] + [
        ("far", f"s{i}", 0, 0, 0.12 + i) for i in range(6)
    ]
    fits = table(rows).rename(columns={"test_psnr": "chamfer"}).assign(task="fieldlab.tasks.surface.Surface")
    fits.attrs["swept"] = []
    [pair] = pairs(fits)
    assert (pair.field, pair.other, pair.wins, pair.clear) == ("near", "far", 6, True)
    assert (pair.difference, pair.low, pair.high) == pytest.approx((-0.02, -0.02, -0.02))
    fits.loc[fits.index[0], "chamfer"] = np.nan  # no surface: no difference on this signal
    assert pairs(fits)[0].signals == 5


def test_scores_without_a_mean_over_subjects_have_no_pairs():
    rows = [(field, signal, 0, 0, 1.0) for field in ("a", "b") for signal in ("x", "y")]
    fits = table(rows).rename(columns={"test_psnr": "goal_loss"}).assign(task="fieldlab.tasks.roll.Roll")
    fits.attrs["swept"] = []
    assert pairs(fits) == []


def test_few_signals_are_never_clear():
    for count, clear in ((5, False), (6, True)):
        rows = [(f, f"s{i}", 0, 0, dB + i) for i in range(count) for f, dB in (("a", 30.0 + i / 10), ("b", 20.0))]
        [pair] = pairs(table(rows))
        assert pair.low > 0
        assert pair.clear == clear
