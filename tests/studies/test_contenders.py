"""A figure of many fields: a row for each, and those that no other one beats."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from conftest import Command
from fieldlab.report.results import read_fits
from fieldlab.studies.contenders import find_front, save_figure

QUICK = ("signal.size=16", "steps=2", "trainer=cpu", "logger=none", "field.network.width=4", "task.scores=1")


def test_a_field_is_in_front_where_all_that_are_faster_are_worse():
    fields = pd.DataFrame(
        {"wall_seconds": [3.0, 1.0, 2.0, 4.0, 5.0], "test_psnr": [20.0, 18.0, 17.0, 20.0, 25.0]}, index=list("abcde")
    )
    assert find_front(fields, "test_psnr") == ["b", "a", "e"]


@pytest.mark.slow
def test_every_field_has_its_row(command: Command, tmp_path: Path):
    assert command("-m", *QUICK, "field=relu,siren,tanh", "study=many")[0] == 0
    _, results = read_fits(Path("runs/many"))
    caption = save_figure(Path("figure.png"), Path("runs/many"), results, photos=True)
    assert "bicubic from the same training pixels" in str(caption)
    assert Image.open("figure.png").width > 1000


def test_nothing_finished_is_no_figure(tmp_path: Path):
    assert save_figure(tmp_path / "figure.png", tmp_path, {}, photos=True) is None
