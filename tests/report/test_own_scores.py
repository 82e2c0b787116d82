"""The report of a task whose scores, yardsticks and words fieldlab does not know, lower being better."""

import base64
import re
import shutil
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_page import Texts

from fieldlab.report.study import report
from fieldlab.report.table import fits_table, read_fits
from fieldlab.runs.result import Result
from fieldlab.runs.scoring import Score, Scoring, Whole, Yardstick
from fieldlab.runs.task import Exhibit, Task

STUDY = Path("runs/mine")
pytestmark = pytest.mark.slow


class Echo(Task):
    """A task that is only reported."""

    scoring: ClassVar[Scoring] = Scoring(
        scores={
            "echo": Score("echo", 3, lower=True, unit=" in ms"),
            "near": Score("near echo", 3, lower=True, unit=" in ms"),
        },
        always=(),
        headline="echo",
        judges={"near": "near echoes"},
        labels={"all": "echo", "near": "near"},
        captions={"echo": "echo"},
        prefix="",
        unit=" ms",
        noun="echo in ms",
        curves={"echo": "echo"},
        panels=("echo", "near"),
        logarithmic=False,
        axis="echo (ms)",
        knobs={"near": "near", "far": "echo"},
        knobs_note=", near (dashed) and far (solid)",
        against="Echo",
        note="Echo: how late.",
        whole=Whole("echo", parts=("near",), scope="over all rooms"),
        yardsticks={"silence": Yardstick(instead={"near": "none"}, line=True)},
    )
    files: ClassVar[tuple[str, ...]] = ("room.png", "made.png", "late.png")

    @classmethod
    def exhibit(cls) -> Exhibit:
        return Exhibit("made.png", "late.png", original="room.png", error="how late", captions=("Rooms.", "Late."))

    def check(self, *_: Any) -> Any: ...

    def build(self, *_: Any) -> Any: ...

    def assemble(self, *_: Any, **__: Any) -> Any: ...


def run(field: str, signal: str, seed: int, echo: float, near: float, width: int = 8) -> Result:
    """A finished run in the study's folder."""
    scores = {"echo": echo, "near": near}
    result = Result(
        status="finished",
        study="mine",
        field=field,
        signal=signal,
        seed=seed,
        steps=4,
        seconds=1.0,
        parameters=9,
        scores=scores,
        yardsticks={"silence": {"echo": 7.0, "near": 0.0}, "hum": {"echo": 9.0}},
        curve=[{"step": step, "seconds": 0.1 * step, **scores} for step in (2, 4)],
        grid=[8, 8],
        config={"task": {"_target_": f"{__name__}.Echo"}, "field": {"width": width}, "signal": {"name": signal}},
    )
    folder = STUDY / f"{field}-{signal}-{seed}-{width}"
    folder.mkdir(parents=True)
    result.save(folder)
    for name in Echo.files:
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / name)
    return result


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two fields in six rooms, reported; `dull` is later in all but one."""
    folder = tmp_path_factory.mktemp("rooms")
    with pytest.MonkeyPatch.context() as there:
        there.chdir(folder)
        for i in range(6):
            for seed in (0, 1):
                run("clear", f"room{i}", seed, echo=1.0 + i + seed / 10, near=0.5 + seed / 10)
                run("dull", f"room{i}", seed, echo=1.0 + i + seed / 10 + (0.5 if i else -0.1), near=0.6)
        report(STUDY, Path("answer"))
    return folder


@pytest.fixture
def page(rooms: Path, clean_folder: Path) -> Texts:
    """The page of their report, with all the rest in the working folder."""
    shutil.copytree(rooms, clean_folder, dirs_exist_ok=True)
    return Texts((STUDY / "report.html").read_text())


def drawn_texts() -> str:
    """What the plots of the page say."""
    uris = re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", (STUDY / "report.html").read_text())
    return " ".join(base64.b64decode(uri).decode() for uri in uris)


def test_the_table_has_its_labels_its_yardsticks_and_the_lowest_in_bold(page: Texts):
    table = page.tables[0]
    assert table[0] == ["signal", "field", "parameters", "echo", "near echo", "seconds", "n"]
    rows = {(row[0], row[1]): dict(zip(table[0], row, strict=True)) for row in table[1:]}
    assert rows["room1", "clear"]["echo"] == "2.050 ± 0.071"
    assert rows["room1", "clear"]["echo"] in page.bold
    assert rows["room1", "dull"]["echo"] not in page.bold
    assert (rows["room1", "silence"]["echo"], rows["room1", "silence"]["near echo"]) == ("7.000", "none")
    assert (rows["room1", "hum"]["echo"], rows["room1", "hum"]["near echo"]) == ("9.000", "–")
    assert rows["all 6", "silence"]["near echo"] == "none"


def test_the_lower_field_of_a_pair_is_the_better_one(page: Texts):
    head, row = page.tables[1]
    assert head[2] == "difference in ms"
    assert [cell.strip() for cell in row[:3]] == ["clear", "dull", "-0.400"]
    assert row[4] == "5 of 6"
    low, high = map(float, row[3].split(" to "))
    assert low < -0.4 < high <= 0
    text = (STUDY / "report.html").read_text()
    assert "Echo of two fields on the same signal" in text
    assert "Lower is better" in text


def test_the_ranking_begins_with_the_lowest(page: Texts):
    answer = Path("answer/README.md").read_text()
    assert "Mean echo in ms over all 6 signals: clear (3.550) < dull (3.950)." in answer
    assert "Mean echo in ms on room0: dull (0.950) < clear (1.050)." in answer
    assert "Echo: how late." in answer


def test_its_figure_and_plots_have_its_words_and_the_line_of_its_yardstick(page: Texts):
    assert "Rooms." in Path("answer/README.md").read_text()
    assert Image.open(STUDY / "figure.png").width > 300
    assert "echo 1.000 ms<" in (STUDY / "report.html").read_text()  # below a picture
    texts = drawn_texts()
    assert "silence" in texts
    assert "hum" not in texts
    assert "echo (ms)" in texts


def test_settings_are_chosen_by_its_judge_and_plotted_with_its_words():
    for width, near in ((8, 0.5), (16, 0.4), (32, 0.7)):
        for signal in ("hall", "cave"):
            run("clear", signal, 0, echo=10.0 / width, near=near, width=width)
    report(STUDY, Path("answer"))
    answer = Path("answer/README.md").read_text()
    rows = [line for line in answer.splitlines() if line.startswith(("| hall", "| cave"))]
    assert [re.split(r" *\| *", row)[3] for row in rows if "clear" in row] == ["16", "16"]
    assert "Each field at its best setting by near echoes. One row a run: [table.csv](table.csv)." in answer
    assert len(pd.read_csv("answer/table.csv")) == 6
    assert (
        "Echo against one setting, the others at their most common value (grey bars), near (dashed) and far"
        in (STUDY / "report.html").read_text()
    )
    assert ">clear, far<" not in drawn_texts()  # what is solid is in the legend by its field alone


def test_where_nothing_is_held_out_one_score_stands_for_all():
    run("clear", "hall", 0, echo=1.0, near=1.0)
    run("dull", "hall", 0, echo=2.0, near=2.0)
    report(STUDY, Path("answer"))
    assert "near echo" not in (STUDY / "table.md").read_text()
    assert (
        "Mean echo in ms over all rooms on hall: clear (1.000) < dull (2.000)."
        in Path("answer/README.md").read_text()
    )
    assert "1.000 ms over all rooms" in (STUDY / "report.html").read_text()


def test_without_a_score_a_table_has_its_column_still():
    run("clear", "hall", 0, echo=1.0, near=1.0)
    folder = next(STUDY.glob("clear*"))
    (folder / "result.json").write_text((folder / "result.json").read_text().replace("finished", "failed"))
    assert {"echo", "near"} <= {*fits_table(*read_fits(STUDY))}
    report(STUDY)
