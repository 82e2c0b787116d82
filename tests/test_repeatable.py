"""One run by itself comes to the same weights to the bit, on two threads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import fieldlab
from conftest import options
from fieldlab import weights

QUICK = ("siren", "hash_grid_small")
SOLID = ("signal=formula", "signal.size=[10,10,10]")


@pytest.fixture
def two_threads() -> Iterator[None]:
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    "field", [pytest.param(f, marks=() if f in QUICK else pytest.mark.slow) for f in options("field")]
)
@pytest.mark.usefixtures("two_threads")
def test_a_run_comes_to_the_same_weights(field: str):
    signal = SOLID if field == "spherical_harmonics" else ("signal.size=32",)
    settings = (
        f"field={field}",
        *signal,
        "split=all",
        "steps=2",
        "task.scores=1",
        "compile=false",
        "logger=none",
        "trainer=cpu",
    )
    found = []
    for study in ("one", "other"):
        [result] = fieldlab.fit([fieldlab.compose(*settings, f"study={study}")])
        assert result.status == "finished"
        assert result.repeatable
        [folder] = Path("runs", study).glob("*/")
        found.append(weights.read_weights(folder)[0])
    one, other = found
    assert all(torch.equal(one[name], other[name]) for name in one)
