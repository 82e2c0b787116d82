"""README and the site: links lead somewhere, tables are the committed answers, and the site is built without a warning."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pages import ANSWERS, BY_SCRIPTS, PAGES, ROOT, blocks, links

from fieldlab.tasks.fit import Fit
from fieldlab.tasks.visualize import Visualize

SHOWN = [
    ("README.md", "psnr_table", 5),
    ("docs/pages/tour.md", "psnr_table", 5),
    ("docs/pages/guides/visualize.md", "features", 11),
]
ELSEWHERE = re.compile(
    r'<(?:script|img|iframe)[^>]+src="?https?:|<link[^>]+rel="?(?:stylesheet|preconnect)"?[^>]+https?:'
)


def test_readme_is_short():
    readme = PAGES["README.md"]
    assert len(readme.splitlines()) <= 150
    assert len(readme.encode()) <= 12 * 1024


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_asks_for_nothing_elsewhere(tmp_path: Path):
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "-f",
        ROOT / "docs/mkdocs.yml",
        "-d",
        tmp_path,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    assert done.returncode == 0, done.stderr
    site = {page.relative_to(tmp_path).as_posix(): page.read_text() for page in tmp_path.rglob("*.html")}
    assert {"index.html", "tour.html", "reference/fit.html", "experiments/psnr_table/index.html"} <= site.keys()
    assert not [name for name, page in site.items() if ELSEWHERE.search(page)]
    assert "Which coordinate encoding, network and optimiser" in site["index.html"]
    assert 'src="experiments/psnr_table/figure.png"' in site["index.html"]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere_in_the_repository(page: str):
    for target in links(PAGES[page]):
        path = target.partition("#")[0]
        there = (ROOT / page).parent / path if path else ROOT / page
        assert there.exists() or there.parent.name == "reference", target  # which is there once the site is built


@pytest.mark.parametrize("study", ANSWERS)
def test_links_of_an_answer_lead_somewhere(study: str):
    for target in links(ANSWERS[study]):
        assert (ROOT / "experiments" / study / target).exists(), target


@pytest.mark.parametrize(("page", "study", "rows"), SHOWN)
def test_a_table_it_shows_is_the_committed_answer(page: str, study: str, rows: int):
    mark = {"psnr_table": "train PSNR", "features": "robust activation"}[study]
    answer = [set(cells(line)) for line in ANSWERS[study].splitlines()] + [*summarize(study)]
    table = next(
        part for part in PAGES[page].split("\n\n") if part.startswith("|") and mark in part.partition("\n")[0]
    )
    ours = [cells(line) for line in table.splitlines()[2:]]
    assert len(ours) == rows
    for row in ours:
        assert any(set(row) <= theirs for theirs in answer), row


def summarize(study: str) -> Iterator[set[str]]:
    """The cells of every setting of a study, from its committed table of runs."""
    runs = pd.read_csv(ROOT / "experiments" / study / "table.csv", keep_default_na=False, na_values=[""])
    scores = {name: score for kind in (Fit, Visualize) for name, score in kind.scoring.scores.items() if name in runs}
    settings = [
        name for name in runs if name not in (*scores, "seed", "seconds", "study", "status", "signal", "steps")
    ]
    for values, group in runs.groupby(settings, dropna=False):
        spreads = {f"{score.format(group[n].mean())} ± {score.format(group[n].std())}" for n, score in scores.items()}
        yield {*map(str, values), *spreads, f"{group.seconds.median():.1f}"}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_study_is_told_of_and_every_one_that_is_named_is_there():
    own = {
        name
        for text in PAGES.values()
        for block in blocks(text)
        for name in re.findall(r"experiment/(\w+)\.yaml", block.file)
    }
    named = {name for text in PAGES.values() for name in re.findall(r"experiment=(\w+)", text)} - own
    assert named == {path.stem for path in (ROOT / "conf/experiment").glob("*.yaml")}
    assert named - {"fourier_features_text"} == ANSWERS.keys() - {
        *BY_SCRIPTS
    }  # which is told beside the one with photos
