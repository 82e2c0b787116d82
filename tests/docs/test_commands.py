"""What README, the site and the studies' answers say to type works: commands on small pictures and few steps, Python as it stands."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from not_run import LEFT_OUT
from pages import ANSWERS, BY_SCRIPTS, PAGES, ROOT, blocks, commands, write_files

import fieldlab
import fieldlab.cli.colors
import fieldlab.cli.layers
import fieldlab.cli.query
import fieldlab.cli.report
from conftest import Command
from fieldlab.config.overrides import quote

CLIS = {
    "fieldlab-report": fieldlab.cli.report.main,
    "fieldlab-query": fieldlab.cli.query.main,
    "fieldlab-layers": fieldlab.cli.layers.main,
    "fieldlab-colors": fieldlab.cli.colors.main,
}
FEW_STEPS = ("compile=false", "steps=2", "task.scores=1", "trainer=cpu")  # shapes are not checked in a compiled graph
FEW_PATCHES = tuple(f"model.{of}{key}=1" for of in ("", "judge.") for key in ("crops", "epochs"))
SMALL = {  # what makes a command small, by the first of these words in it
    "--help": (),
    "task=kernel": ("signal.size=16",),
    "task=blur": ("signal.size=16", "trainer=cpu"),
    "task=surface": (*FEW_STEPS, "signal.points=500", "task.resolution=64", "task.compared=500"),
    "task=visualize": (*FEW_STEPS, *FEW_PATCHES, "canvas.size=16", "task.patches=1"),
    "library=": FEW_STEPS,
    "task=roll": (*FEW_STEPS, "memorise.signal.size=16", "memorise.steps=2"),
    "signal=formula": (*FEW_STEPS, "signal.size=[16,16]"),
    "signal=array": FEW_STEPS,
    "signal=sound": FEW_STEPS,
    "signal=heights": FEW_STEPS,
    "=tune": (*FEW_STEPS, "signal.size=16", "hydra.sweeper.trials=2"),
    "experiment=": (*FEW_STEPS, "signal.size=16", "seed=0"),
    "": (*FEW_STEPS, "signal.size=16"),
}
SMALL_PYTHON = {
    '"steps=100"': '"steps=2", "trainer=cpu"',
    '"steps=20"': '"steps=2", "trainer=cpu", "task.compared=500"',
    "(512, 512)": "(64, 64)",
}
Script = Callable[[str, Callable[[], None]], Command]


def assign() -> dict[str, list[str]]:
    """The commands to run: each with the first page that has it."""
    first = {line: page for page in reversed(PAGES) for line in reversed(commands(PAGES[page]))}
    return {
        page: [line for line in commands(PAGES[page]) if first[line] == page and line not in LEFT_OUT]
        for page in PAGES
    }


def test_the_table_of_what_is_not_run_has_nothing_else():
    assert {line for text in PAGES.values() for line in commands(text)} >= LEFT_OUT


@pytest.mark.slow
@pytest.mark.usefixtures("coarse_shapes")
@pytest.mark.parametrize(("page", "lines"), [(page, lines) for page, lines in assign().items() if lines])
def test_commands_run(
    page: str,
    lines: Sequence[str],
    command: Command,
    script: Script,
    clean_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("FIELDLAB_CACHE", str(clean_folder / "cache"))
    write_files(clean_folder, page)
    fit = ""
    with own_modules(page):
        for line in lines:
            program, *arguments = shlex.split(re.sub(r"seed=[\d,]+", "seed=0", line).replace("1024", "64"))
            if program == "fieldlab":
                code, out, error = command(*arguments, *next(small for word, small in SMALL.items() if word in line))
                alone = not {"-m", "--help"} & {*arguments} and "experiment=" not in line
                fit = out.split()[-1] if alone and code == 0 else fit
            else:
                fit = fit or command("signal.size=16", *FEW_STEPS)[1].split()[-1]
                small = FEW_PATCHES if program == "fieldlab-layers" else ()
                asked = [fit if word == "FOLDER" else word for word in arguments]
                code, _, error = script(program, CLIS[program])(*asked, *small)
            assert code == 0, f"{line}: {error}"


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if LEFT_OUT & {*commands(text)}])
def test_commands_that_are_not_run_compose(page: str, script: Script, clean_folder: Path):
    write_files(clean_folder, page)
    for line in LEFT_OUT.intersection(commands(PAGES[page])):
        program, *arguments = shlex.split(line)
        if program == "fieldlab":
            compose_all(arguments)
        elif program == "fieldlab-query":
            assert "FOLDER: has no result.json" in script(program, CLIS[program])(*arguments)[2]
        elif program.startswith("scripts/"):
            assert os.access(ROOT / program, os.X_OK)
            subprocess.run(["bash", "-n", ROOT / program], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("study", [study for study in ANSWERS if study not in BY_SCRIPTS])
def test_commands_of_an_answer_compose(study: str):
    *asked, report = (shlex.split(line) for line in commands(ANSWERS[study]))
    assert report[:4] == ["fieldlab-report", f"runs/{study}", "--to", f"experiments/{study}"]
    for program, *arguments in asked:
        assert program == "fieldlab"
        assert f"experiment={study}" in arguments
        compose_all(arguments)


def compose_all(arguments: Sequence[str]) -> None:
    """Compose what a command asks for: the first values of all keys, and one other value of each that is swept."""
    overrides = OverridesParser.create().parse_overrides([quote(word) for word in arguments if word != "-m"])
    choices = [list_values(override) for override in overrides]
    first = [values[0] for values in choices]
    fieldlab.compose(*first)
    for i, values in enumerate(choices):
        if len(values) > 1:
            fieldlab.compose(*first[:i], values[-1], *first[i + 1 :])


def list_values(override: Override) -> list[str]:
    """An override for each value of a swept key, or for either end of a range."""
    key = override.get_key_element()
    if override.is_interval_sweep():
        interval = override.value()
        return [f"{key}={interval.start}", f"{key}={interval.end}"]
    if override.is_sweep_override():
        return [f"{key}={value}" for value in override.sweep_string_iterator()]
    return [str(override.input_line)]


@pytest.mark.slow
@pytest.mark.usefixtures("coarse_shapes")
@pytest.mark.parametrize("page", ["query", "shapes", "reports"])
def test_python_runs(page: str, command: Command, capsys: pytest.CaptureFixture[str]):
    if page == "reports":
        command("field=siren", "study=mine", "signal.size=16", *FEW_STEPS)
    names: dict = {}
    for block in blocks(PAGES[f"docs/pages/guides/{page}.md"]):
        if block.language == "python" and not block.file:
            text = block.text
            for word, small in SMALL_PYTHON.items():
                text = text.replace(word, small)
            exec(text, names)
    out = capsys.readouterr().out
    if page == "query":
        assert (tuple(names["values"].shape), names["zoom"].shape, names["pixels"].shape) == (
            (2, 1),
            (64, 64, 1),
            (64, 64, 1),
        )
        score, value = out.strip().splitlines()[-2:]
        assert 0 < float(score) < 60
        assert value.startswith("tensor([[")
    else:
        assert {"shapes": "tensor([", "reports": "siren"}[page] in out


def test_the_errors_they_show_are_the_errors_one_gets(command: Command):
    shown = [error for text in PAGES.values() for error in re.findall(r"\$ fieldlab (.*)\n(fieldlab: .*)\n", text)]
    assert len(shown) >= 4
    for arguments, message in shown:
        assert command(*shlex.split(arguments)) == (2, "", message + "\n")


@contextlib.contextmanager
def own_modules(page: str) -> Iterator[None]:
    """Forget in the end the modules that a page has its reader write: others may have the same names."""
    try:
        yield
    finally:
        for block in blocks(PAGES[page]):
            if block.file.endswith(".py"):
                sys.modules.pop(Path(block.file).stem, None)
