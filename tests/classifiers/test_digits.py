"""The digit network knows digits it has not seen; everything about it is grey."""

from pathlib import Path

import numpy as np
import pytest

import fieldlab
from fieldlab.classifiers.digits import digits
from fieldlab.errors import InputError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIELDLAB_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
def test_it_knows_digits(caplog: pytest.LogCaptureFixture):
    pytest.importorskip("sklearn")
    model = digits(epochs=20, seed=0, judge=None)
    assert (model.channels, model.size, len(model.labels)) == (1, (28, 28), 10)
    known = int(caplog.text.partition("it knows ")[2].partition(" %")[0])
    assert known > 90  # 96 when this was written


def test_epochs_are_needed():
    with pytest.raises(ValueError, match="epochs must be at least 1"):
        digits(epochs=0, seed=0, judge=None)


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(
        InputError, match=r"model: the digits come with scikit-learn; pip install 'fieldlab\[vision\]'"
    ):
        digits(epochs=1, seed=0, judge=None)


@pytest.mark.slow
def test_digits_are_visualised_in_grey():
    config = fieldlab.compose(
        "task=visualize",
        "model=digits",
        "model.epochs=3",
        "model.judge.epochs=3",
        "steps=20",
        "logger=none",
        "trainer=cpu",
    )
    [result] = fieldlab.fit([config])
    assert result.status == "finished", result.error
    assert np.load(Path(config.folder) / "images.npy").shape == (10, 1, 32, 32)
    assert result.scores["robust_activation"] is not None
