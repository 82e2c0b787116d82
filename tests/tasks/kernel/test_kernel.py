"""Predictions as runs: checked, swept, tabled, shown."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fieldlab
from fieldlab.config.compose import settle
from fieldlab.errors import InputError
from fieldlab.runs.check import Checks
from fieldlab.runs.result import Result

SMALL = ("task=kernel", "signal.size=32", "field.network.width=32", "logger=none", "task.descent=16")
Command = Callable[..., tuple[int, str, str]]


def predict(*overrides: str) -> Result:
    [result] = fieldlab.fit([fieldlab.compose(*SMALL, *overrides)])
    return result


def test_a_prediction_is_a_run():
    result = predict("field=gaussian")
    folder = Path(result.config["folder"])
    assert result.status == "finished"
    left = {file.name for file in folder.iterdir()}
    assert left >= {"target.png", "reconstruction.png", "error.png", "kernel.png", "kernel.json"}
    assert np.asarray(Image.open(folder / "reconstruction.png")).shape[:2] == (32, 32)
    told = json.loads((folder / "kernel.json").read_text())
    assert told["solved"] == "256 samples, exactly"
    assert max(told["profile"]["kernel"]) == pytest.approx(1, abs=0.5)
    assert told["octaves"] == [1, 2, 4, 8]
    scores = result.scores
    assert scores["train_psnr"] > scores["test_psnr"] > 10  # type: ignore[operator]
    assert 0 < scores["effective_dimension"] <= 256  # type: ignore[operator]
    assert result.yardsticks["bicubic"]["test_psnr"] > 10  # type: ignore[operator]
    assert result.parameters
    assert result.stored == 512


@pytest.mark.slow
def test_a_small_ridge_interpolates():
    loose, tight = (predict("field=gaussian", f"task.ridge={ridge}").scores for ridge in (1e-1, 1e-8))
    assert tight["train_psnr"] > 60 > loose["train_psnr"]  # type: ignore[operator]


@pytest.mark.slow
def test_kernels_of_encodings_do_not_ask_the_network():
    one, other = (
        predict("kernel=encoding", "field=gaussian", "field.encoding.seed=3", f"field.network.depth={depth}").scores
        for depth in (1, 3)
    )
    assert one == other


def test_a_mask_of_octaves_is_open_as_at_the_end_of_training():
    """Without it the field would have its bare coordinates alone."""
    octaves = predict("kernel=encoding", "field=coarse_to_fine").scores["effective_dimension"]
    assert octaves > 5  # type: ignore[operator]


def test_a_profile_is_a_number_where_the_middle_has_no_feature():
    """Coordinates in [-1, 1] are 0 there."""
    result = predict("kernel=encoding", "field=siren")
    told = json.loads((Path(result.config["folder"]) / "kernel.json").read_text())
    assert set(told["profile"]["kernel"]) == {0.0}


@pytest.mark.slow
def test_a_sweep_has_its_table(command: Command):
    sweep = ("field=gaussian", "kernel=encoding", "field.encoding.sigma=1,4", "seed=0,1", "study=widths")
    code, out, _ = command("-m", *SMALL, *sweep)
    assert code == 0
    assert "sigma" in out
    assert "effective dimension" in out
    assert "bicubic" in out
    assert Path("runs/widths/report.html").exists()


REFUSED = [
    (["task.ridge=0"], "task: ridge must be positive, not 0"),
    (["task.descent=1"], "task: descent must be at least 2, not 1"),
    (["signal=torus_knot", "~signal.size"], "has no grid"),
    (["kernel=encoding", "+kernel.width=3"], "has no such setting"),
]


@pytest.mark.parametrize(("overrides", "line"), REFUSED)
def test_what_cannot_be_predicted_is_refused(overrides: list[str], line: str):
    with pytest.raises(InputError, match=line):
        Checks().check(settle(fieldlab.compose(*SMALL, *overrides)))
