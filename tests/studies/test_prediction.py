"""Predictions of kernels beside fits of the same fields."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from conftest import Command
from fieldlab.report.results import read_fits
from fieldlab.studies.prediction import lose, pair, read_beside, save_figure

SIZE = ("signal.size=24", "field.network.width=8", "trainer=cpu", "logger=none")
SIGMAS = ("field=gaussian", "field.encoding.rows=16", "field.encoding.sigma=1,4")


@pytest.mark.slow
def test_predictions_meet_the_fits_of_the_same_fields(command: Command, tmp_path: Path):
    assert command("-m", "task=kernel", "kernel=tangent,encoding", *SIGMAS, *SIZE, "study=prediction")[0] == 0
    study = Path("runs/prediction")
    _, results = read_fits(study)
    assert save_figure(tmp_path / "none.png", study, results, photos=True) is None
    fit = ("optimizer=adam,muon", "steps=2", "task.scores=1", "compile=false", "study=prediction_fits")
    assert command("-m", *SIGMAS, *SIZE, *fit)[0] == 0
    pairs = pair(results, read_beside(study))
    assert len(pairs) == 8
    assert set(pairs.optimizer) == {"Adam", "Muon"}
    assert set(pairs.key) == {"field.encoding.sigma"}
    assert set(pairs.setting) == {1, 4}
    caption = save_figure(Path("figure.png"), study, results, photos=True)
    assert "The tangent kernel and fits by Muon (1 photo, 2 pairs)" in str(caption)
    assert Image.open("figure.png").width > 600


def test_what_a_choice_by_predictions_costs():
    pairs = pd.DataFrame(
        {
            "field": "gaussian", "signal": "camera", "seed": 0, "setting": [4, 1, 2],
            "test": [20.0, 23.0, 22.5], "predicted_validation": [25.0, 21.0, 24.0],
        }
    )  # fmt: skip
    assert lose(pairs, 0.0).tolist() == pytest.approx([3.0])
    assert lose(pairs, 2.0).tolist() == pytest.approx([0.5])
    assert lose(pairs, 9.0).tolist() == pytest.approx([0.0])
