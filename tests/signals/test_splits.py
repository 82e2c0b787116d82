"""Splits: a partition of the samples, each by its definition."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fieldlab.signals import splits
from fieldlab.signals.splits import Split

GRIDS = st.lists(st.integers(2, 9), min_size=1, max_size=3).map(tuple).filter(lambda g: torch.Size(g).numel() >= 8)
HALF = {"fraction": 0.5, "seed": 0}


@given(grid=GRIDS)
def test_every_sample_has_exactly_one_part(grid: tuple[int, ...]):
    for split in (splits.stride(grid), splits.columns(grid), splits.checkerboard(grid), splits.random(grid, **HALF)):
        total = split.train.int() + split.validation.int() + split.test.int()
        assert total.tolist() == [1] * torch.Size(grid).numel()
        assert split.held_out


@given(grid=GRIDS)
def test_the_lattice_is_where_training_samples_are(grid: tuple[int, ...]):
    for split in (splits.stride(grid), splits.columns(grid)):
        assert split.lattice is not None
        at = torch.zeros(grid, dtype=torch.bool)
        at[tuple(slice(None, None, step) for step in split.lattice)] = True
        assert torch.equal(at.flatten(), split.train)


def test_stride_is_the_fourier_features_protocol():
    split = splits.stride((6, 8))
    train, test = (torch.zeros(6, 8, dtype=torch.bool) for _ in range(2))
    train[::2, ::2] = True
    test[1::2, 1::2] = True
    assert torch.equal(split.train.view(6, 8), train)
    assert torch.equal(split.test.view(6, 8), test)


def test_checkerboard_alternates_and_deals_the_rest_in_turn():
    split = splits.checkerboard((4, 6))
    rows, columns = torch.meshgrid(torch.arange(4), torch.arange(6), indexing="ij")
    assert torch.equal(split.train.view(4, 6), (rows + columns) % 2 == 0)
    untaken = split.validation[~split.train]
    assert untaken.tolist() == [True, False] * 6


def test_columns_takes_every_second_column():
    split = splits.columns((3, 5))
    assert split.train.view(3, 5)[0].tolist() == [True, False, True, False, True]
    assert torch.equal(split.train.view(3, 5)[0], split.train.view(3, 5)[2])
    assert split.validation.sum() == split.test.sum() == 3


def test_random_is_seeded_and_has_its_fraction():
    one, same, other = (splits.random((20, 20), fraction=0.25, seed=s) for s in (1, 1, 2))
    assert torch.equal(one.train, same.train)
    assert not torch.equal(one.train, other.train)
    assert (one.train.sum(), one.validation.sum(), one.test.sum()) == (100, 150, 150)


def test_everything_trains_and_tests_and_nothing_validates():
    split = splits.everything((3, 4))
    assert split.train.all()
    assert split.test.all()
    assert not split.validation.any()
    assert not split.held_out


def test_an_empty_part_is_an_error():
    none, some = torch.zeros(4, dtype=torch.bool), torch.ones(4, dtype=torch.bool)
    with pytest.raises(ValueError, match="no training samples"):
        Split(none, none, some, None)
    with pytest.raises(ValueError, match="no test samples"):
        Split(some, none, none, None)
    with pytest.raises(ValueError, match="no test samples"):
        splits.random((2, 2), fraction=0.99, seed=0)
    with pytest.raises(ValueError, match=r"fraction must be between 0 and 1, not 1\.5"):
        splits.random((4, 4), fraction=1.5, seed=0)
