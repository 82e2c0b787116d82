"""Reports of shapes: lower is better for some of their scores, and they can be turned around."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from test_page import Texts, browser, opened  # noqa: F401 (fixtures)

from conftest import Command
from fieldlab.report.study import report

STUDY = Path("runs/mine")
QUICK = (
    "-m", "task=surface", "study=mine", "field.network.width=16", "field.network.depth=2", "signal.points=500",
    "task.batch_size=500", "task.resolution=64", "task.compared=1000", "task.scores=2", "steps=40", "trainer=cpu", "logger=none",
)  # fmt: skip


pytestmark = pytest.mark.usefixtures("coarse_shapes")


@pytest.mark.slow
def test_the_nearest_surface_is_the_best(command: Command):
    assert command(*QUICK, "field=siren,tanh", "field.learning_rate=1e-3", "seed=0,1")[0] == 0
    texts = Texts((STUDY / "report.html").read_text())
    table = texts.tables[0]
    for heading, best_of in (("Chamfer", min), ("IoU", max), ("normal error (°)", min)):
        cells = [row[table[0].index(heading)] for row in table[1:]]
        assert best_of(cells, key=lambda cell: float(cell.split()[0])) in texts.bold
    assert "test PSNR" not in table[0]
    report(STUDY, Path("answer"))
    answer = Path("answer/README.md").read_text()
    means = pd.read_csv(STUDY / "table.csv").groupby("field").chamfer.mean().sort_values()
    ranking = " < ".join(f"{field} ({value:.6f})" for field, value in means.items())
    assert f"Mean Chamfer on torus_knot: {ranking}." in answer
    assert "sides of the cube around the shape" in answer
    text = (STUDY / "report.html").read_text()
    assert text.count("<iframe") == 1
    assert "From left to right: given, " in text
    assert texts.inside == []
    assert not re.search(r"""<(img|script|link)[^>]*(src|href)=["']?https?:""", text)


@pytest.mark.slow
def test_settings_of_shapes_are_chosen_by_their_distance(command: Command):
    assert command(*QUICK, "field=siren", "field.learning_rate=1e-3,1e-7")[0] == 0
    page = (STUDY / "report.html").read_text()
    assert "siren: lr 0.001 (" in page
    assert "by Chamfer distance" in page
    assert "Chamfer against lr" in page


@pytest.mark.slow
def test_a_field_without_a_surface_is_no_winner(command: Command):
    """Nor do means leave out the seeds that have none."""
    assert command(*QUICK, "field=siren", "field.learning_rate=1e-3", "field.values=[-9,-8],[-1,1]", "seed=0")[0] == 0
    table = Texts((STUDY / "report.html").read_text()).tables[0]
    rows = [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    assert sorted(row["n"] for row in rows) == ["1", "1, 1 without a surface"]
    assert "values [-1, 1]" in report_text()


@pytest.mark.slow
def test_nothing_but_fields_without_a_surface_is_reported(command: Command):
    assert command(*QUICK, "field=siren", "field.values=[-9,-8]", "seed=0,1")[0] == 0
    assert "2, 2 without a surface" in report_text()


@pytest.mark.slow
def test_pictures_and_shapes_share_a_page(command: Command):
    assert command(*QUICK, "field=siren")[0] == 0
    picture = (
        "-m",
        "signal=camera",
        "signal.size=16",
        "study=mine",
        "steps=4",
        "task.scores=2",
        "trainer=cpu",
        "logger=none",
    )
    assert command(*picture)[0] == 0
    text = report_text()
    assert "test PSNR" in text
    assert "Chamfer" in text
    assert text.count("scores on camera against steps") == text.count("scores on torus_knot against steps") == 1


def report_text() -> str:
    report(STUDY)
    return (STUDY / "report.html").read_text()


@pytest.mark.slow
def test_shapes_are_drawn_in_a_browser(command: Command, opened: Callable):  # noqa: F811
    assert command(*QUICK, "field=siren")[0] == 0
    page = opened(1280)
    page.locator("iframe").scroll_into_view_if_needed()
    frame = page.frame_locator("iframe")
    assert frame.locator("canvas").wait_for(timeout=20_000) is None
    assert frame.locator("canvas").bounding_box()["width"] > 800
