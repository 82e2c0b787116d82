"""The page of a study: what is in it, and that it works in a browser."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from skimage import data
from skimage.io import imsave

from conftest import Command
from fieldlab.report import gallery
from fieldlab.report.page import html
from fieldlab.report.study import report
from fieldlab.runs.result import Plan, Planned, read_plan, read_result

QUICK = ["signal.size=24", "steps=20", "task.scores=4", "trainer=cpu", "logger=none", "field.network.width=16"]
STUDY = Path("runs/mine")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Texts(HTMLParser):
    """What a page says, table by table, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.sources: list[str] = []
        self.bold: list[str] = []
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.sources += [value for key in ("src", "href") if (value := given.get(key)) and not value.startswith("#")]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in ("meta", "link", "img", "br", "input"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if "strong" in self.inside:
            self.bold.append(data)
        if {"td", "th"} & set(self.inside):
            self.tables[-1][-1][-1] += data


@pytest.fixture
def page(command: Command) -> Callable[..., Texts]:
    """Sweep, and read the page."""

    def make(*arguments: str) -> Texts:
        assert command("-m", *QUICK, "study=mine", *arguments)[0] == 0
        return Texts((STUDY / "report.html").read_text())

    return make


@pytest.mark.slow
def test_it_has_the_table_with_the_best_in_bold(page: Callable[..., Texts]):
    texts = page("field=relu,gaussian", "signal=camera,coins", "seed=0,1")
    table = texts.tables[0]
    summary = [[cell.strip() for cell in line.strip("|").split("|")] for line in report(STUDY).splitlines()]
    assert table[0] == summary[0]
    assert table[1:] == summary[2:]
    column = table[0].index("test PSNR")
    for signal in ("camera", "coins", "all 2"):
        cells = [row[column] for row in table[1:] if row[0] == signal]
        best = max(cells, key=lambda cell: float(cell.split()[0]))
        assert best in texts.bold
    [pair] = texts.tables[1][1:]
    means = pd.read_csv(STUDY / "table.csv").groupby(["field", "signal"]).test_psnr.mean().unstack()
    difference = means.loc[pair[0]] - means.loc[pair[1]]
    assert pair[2].strip() == f"{difference.mean():+.2f}"
    assert pair[4] == f"{(difference > 0).sum()} of 2"


@pytest.mark.slow
def test_it_needs_nothing_else(page: Callable[..., Texts]):
    texts = page("field=relu,siren", "optimizer=adam", "field.learning_rate=1e-3,1e-2")
    assert texts.inside == []
    assert texts.sources
    assert all(source.startswith("data:") for source in texts.sources)
    text = (STUDY / "report.html").read_text()
    assert not re.search(r"""(src|href)=["']?https?:|@import|url\(""", text)
    assert "PSNR against lr" in text


def test_what_is_missing_or_failed_is_shown_and_nothing_is_markup(page: Callable[..., Texts]):
    page("seed=0,1,2")
    folders = sorted(STUDY.glob("siren*"))
    replace(read_result(folders[0]), status="failed", error="RuntimeError: <b>no & never</b>").save(folders[0])
    replace(read_result(folders[1]), status="diverged", diverged_at=7).save(folders[1])
    plan = read_plan(STUDY)
    assert plan is not None
    planned = [Planned("later", "siren", "camera", 3)]
    Plan("mine", "Is a < b & c?", "", plan.figure, ["fieldlab '<x>'"], planned).save(STUDY)
    report(STUDY)
    text = (STUDY / "report.html").read_text()
    texts = Texts(text)
    assert texts.inside == []
    assert texts.tables[-1][1:] == [
        ["failed", folders[0].name, "RuntimeError: <b>no & never</b>"],
        ["diverged", folders[1].name, "not finite at step 7"],
        ["missing", "later", "no result"],
    ]
    assert "1 of 4: 1 failed, 1 diverged at step 7, 1 missing" in texts.tables[0][1][-1]
    for status in ("1 finished", "1 failed", "1 diverged", "1 missing"):
        assert status in text
    assert "Is a &lt; b &amp; c?" in text


def test_notes_are_markdown():
    notes = "As [tried](../other/README.md), see [the paper](https://arxiv.org/abs/1) on `sigma`.\n\n- *first* & <b>last</b>"
    assert html(notes) == (
        '<p>As <a>tried</a>, see <a href="https://arxiv.org/abs/1">the paper</a> on <code>sigma</code>.</p>\n'
        "<ul>\n<li><em>first</em> &amp; &lt;b&gt;last&lt;/b&gt;</li>\n</ul>\n"
    )


@pytest.mark.slow
def test_splits_and_odd_names_share_a_page(command: Command):
    imsave("a$1.png", data.camera()[::16, ::16])
    common = (*QUICK, "study=mine", "signal=image", "signal.path=a$1.png")
    assert command("-m", *common, "field=relu", "split=all")[0] == 0
    assert command("-m", *common, "field=siren")[0] == 0
    table = Texts((STUDY / "report.html").read_text()).tables[0]
    assert [row[0] for row in table] == ["field", "relu", "siren", "bicubic"]
    STUDY.rename("runs/renamed")
    code, out, _ = command("-m", *common, "field=siren", "study=renamed")
    assert code == 0
    assert "finished before and skipped: 1" in out


def test_nothing_finished_is_a_page_too():
    STUDY.mkdir(parents=True)
    figure = "fieldlab.report.figure.save_figure"
    Plan("mine", "", "", figure, [], [Planned("later", "siren", "camera", 0)]).save(STUDY)
    report(STUDY)
    assert "1 missing" in (STUDY / "report.html").read_text()


@pytest.mark.slow
def test_without_photos_none_is_in_it(page: Callable[..., Texts]):
    page("field=relu")
    with_photos = (STUDY / "report.html").read_text()
    report(STUDY, photos=False)
    without = (STUDY / "report.html").read_text()
    for text, count in ((with_photos, 1), (without, 0)):
        assert text.count('alt="original of camera"') == count
        assert text.count('alt="relu of camera"') == count
        assert text.count('alt="error of relu"') == 1
        assert text.count("Above: the original") == count


@pytest.mark.slow
def test_sounds_have_a_page_without_spectra(command: Command):
    import numpy as np

    np.save("sound.npy", np.sin(np.linspace(0, 60, 400)))
    quick = [part for part in QUICK if not part.startswith("signal.")]
    assert command("-m", *quick, "signal=array", "signal.path=sound.npy", "study=mine", "field=relu,siren")[0] == 0
    text = (STUDY / "report.html").read_text()
    assert 'class="spectrum"' not in text
    assert 'alt="siren of sound"' in text


def test_sounds_are_heard_and_frames_move_in_the_gallery(monkeypatch: pytest.MonkeyPatch):
    Path("target.png").write_bytes(b"drawn")
    picture = Path("target.png")
    assert (gallery.film_or_picture(picture, True), gallery.sound_beside(picture, True)) == (
        "data:image/png;base64,ZHJhd24=",
        None,
    )
    Path("target.gif").write_bytes(b"moves")
    Path("target.wav").write_bytes(b"sings")
    assert gallery.film_or_picture(picture, True) == "data:image/gif;base64,bW92ZXM="
    assert gallery.sound_beside(picture, True) == "data:audio/wav;base64,c2luZ3M="
    assert gallery.film_or_picture(picture, False) is gallery.sound_beside(picture, False) is None
    monkeypatch.setattr(gallery, "MOST_BYTES", 4)
    assert gallery.film_or_picture(picture, True) == "data:image/png;base64,ZHJhd24="
    assert gallery.sound_beside(picture, True) is None


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[[int], Any]]:
    """The page in a window of some width; any error on it fails the test."""
    errors: list[str] = []
    pages = []

    def open_at(width: int) -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: errors.append(request.url) if request.url.startswith("http") else None)
        page.goto((STUDY / "report.html").absolute().as_uri())
        pages.append(page)
        return page

    yield open_at
    for page in pages:
        page.close()
    assert errors == []


def column(page: Any, number: int) -> list[str]:
    return page.locator(f"#table tbody tr td:nth-child({number})").all_inner_texts()


@pytest.mark.slow
def test_sorting_filtering_and_zoom_work_in_a_browser(page: Callable[..., Texts], opened: Callable[[int], Any]):
    table = page("field=relu,gaussian,siren", "signal=camera,coins", "seed=0,1").tables[0]
    shown = opened(1280)
    number = table[0].index("test PSNR") + 1
    head = shown.locator(f"#table th:nth-child({number})")
    for order, sign in (("descending", -1), ("ascending", 1)):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == order
        scores = [float(cell.split()[0]) for cell in column(shown, number)]
        assert scores == sorted(scores, key=lambda dB: sign * dB)
        assert len(scores) == len(table) - 1
    seconds = table[0].index("seconds") + 1
    shown.locator(f"#table th:nth-child({seconds}) button").click()
    assert column(shown, seconds)[-3:] == ["–"] * 3  # bicubic has none and goes last
    shown.locator("#table th:nth-child(2) button").click()
    assert column(shown, 2) == sorted(column(shown, 2))

    shown.locator("#filter").fill("siren coins")
    visible = [row.inner_text() for row in shown.locator("#table tbody tr").all() if row.is_visible()]
    assert len(visible) == 1

    signals = shown.locator(".pictures")
    assert signals.count() == 2
    transforms = "signal => [...signal.querySelectorAll('.view img')].map(image => image.style.transform)"
    view = signals.nth(0).locator(".view").nth(1)
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    shown.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    shown.mouse.wheel(0, -240)
    assert set(signals.nth(0).evaluate(transforms)) == {""}  # the page scrolls, the picture does not zoom
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    shown.mouse.dblclick(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    [moved] = set(signals.nth(0).evaluate(transforms))  # all alike
    scale, x, y = map(float, re.findall(r"-?[\d.]+", moved))
    assert scale == 2
    assert (x, y) == pytest.approx((-37.5, -12.5), abs=1)  # what was under the pointer stays there
    assert set(signals.nth(1).evaluate(transforms)) == {""}
    shown.mouse.move(box["x"] + 50, box["y"] + 50)
    shown.mouse.down()
    shown.mouse.move(box["x"] + 80, box["y"] + 50)
    shown.mouse.up()
    [dragged] = set(signals.nth(0).evaluate(transforms))
    assert float(re.findall(r"-?[\d.]+", dragged)[1]) > x
    signals.nth(0).get_by_role("button", name="reset").click()
    [reset] = set(signals.nth(0).evaluate(transforms))
    assert reset.startswith("scale(1) translate(0%")
    view.focus()
    shown.keyboard.press("+")
    [zoomed] = set(signals.nth(0).evaluate(transforms))
    assert zoomed.startswith("scale(2)")


@pytest.mark.slow
def test_no_page_is_wider_than_its_window(page: Callable[..., Texts], opened: Callable[[int], Any]):
    page("field=relu,gaussian,siren,positional", "signal=camera,coins", "field.learning_rate=1e-3,1e-2")
    for width in (1280, 390):
        shown = opened(width)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        images = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
        assert shown.evaluate(images)
