"""One panel for each swept number."""

from pathlib import Path

import pytest
from PIL import Image

from conftest import Command
from fieldlab.report.results import read_fits
from fieldlab.studies.knobs import save_figure

QUICK = ("signal.size=16", "steps=2", "trainer=cpu", "logger=none", "field=gaussian")
KNOBS = "figure=fieldlab.studies.knobs.save_figure"


@pytest.mark.slow
def test_a_panel_for_each_swept_number(command: Command):
    assert command("-m", *QUICK, KNOBS, "field.encoding.sigma=1,2", "study=one")[0] == 0
    both = ("field.encoding.sigma=1,2", "field.network.width=4,8", "optimizer=adam,adamw")
    assert command("-m", *QUICK, KNOBS, *both, "study=two")[0] == 0
    one, two = (Image.open(f"runs/{study}/figure.png").width for study in ("one", "two"))
    assert abs(two - 2 * one) < 5  # what is no number has no panel


@pytest.mark.slow
def test_nothing_swept_is_no_figure(command: Command):
    command("-m", *QUICK, "seed=0,1", "study=none")
    _, results = read_fits(Path("runs/none"))
    assert save_figure(Path("figure.png"), Path("runs/none"), results, photos=True) is None
    assert not Path("figure.png").exists()


def test_an_unknown_figure_is_bad_input(command: Command):
    code, _, error = command("-m", "seed=0,1", "figure=fieldlab.report.nosuch.draw")
    assert code == 2
    assert error.startswith("fieldlab: figure: cannot import 'fieldlab.report.nosuch.draw'")
    assert not Path("runs").exists()
