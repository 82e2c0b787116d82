"""The reference of the site: every option, key, comment, score, command and name of the Python interface is in it."""

import re
import sys
from collections.abc import Mapping

import pytest
import yaml
from pages import ROOT

import fieldlab
from fieldlab.runs.task import find_task

CONF = ROOT / "conf"
OPTIONS = sorted(file for file in CONF.glob("*/**/*.yaml") if file.parts[-2] not in ("help", "experiment"))
TASKS = sorted(file.stem for file in (CONF / "task").glob("*.yaml"))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reference() -> Mapping[str, str]:
    """The pages of the reference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")
        from reference import write_pages

        yield write_pages()
        for name in [name for name in sys.modules if name.split(".")[0] == "reference"]:
            del sys.modules[name]


def test_every_option_is_told_once(reference: Mapping[str, str]):
    for file in OPTIONS:
        group = file.parent.relative_to(CONF).as_posix()
        sections = [section for page in reference.values() for section in re.split(r"^## ", page, flags=re.MULTILINE)]
        if group == "task":
            assert f"# `task={file.stem}`" in reference[f"reference/{file.stem}.md"]
        else:
            [section] = [section for section in sections if section.startswith(f"`{group}`\n")]
            assert f"| `{file.stem}` |" in section


def test_every_comment_behind_a_key_is_told(reference: Mapping[str, str]):
    plain = re.sub(r"[\\`]", "", "".join(reference.values())).replace("&lt;", "<")
    for file in [CONF / "fieldlab.yaml", *OPTIONS]:
        for line in file.read_text().partition("\nhydra:")[0].splitlines():
            key, _, comment = line.partition("  # ")
            if comment and re.fullmatch(r"\s*\w+:( .+)?", key):
                assert comment.replace("`", "") in plain, f"{file}: {comment}"


@pytest.mark.parametrize(("option", "key", "default"), [
    ("field/encoding=gaussian", "field.encoding.sigma", "5.0"),
    ("supervise=helmholtz", "supervise.constraints.boundary.weight", "100.0"),
    ("canvas=fourier", "canvas.decay_power", "1.0"),
    ("classifier=timm", "model.name", "resnet18"),
    ("hydra/launcher=slurm", "hydra.launcher.executor.parameters.timeout_min", "240"),
    ("optimizer=muon", "optimizer.momentum", "0.95"),
    ("transforms=robust", "transforms.pad.width", "12"),
    ("goal=recover", "goal.shifts", "[[13, -9]]"),
])  # fmt: skip
def test_a_key_stands_where_a_command_line_names_it(
    reference: Mapping[str, str], option: str, key: str, default: str
):
    [section] = re.findall(
        rf"^### `{re.escape(option)}` [^\n]*\n(.*?)(?=^##|\Z)", "".join(reference.values()), re.DOTALL | re.MULTILINE
    )
    assert f"| `{key}` | `{default}` |" in section


@pytest.mark.parametrize("task", TASKS)
def test_a_task_tells_its_scores_and_the_groups_it_brings(reference: Mapping[str, str], task: str):
    settings = yaml.safe_load((CONF / f"task/{task}.yaml").read_text())
    page = reference[f"reference/{task}.md"]
    scoring = find_task(settings).scoring
    for name, score in scoring.scores.items():
        assert f"| `{name}` | {score.label}" in page
    brought = [entry for entry in settings["defaults"] if isinstance(entry, dict)]
    for name, option in (item for entry in brought for item in entry.items()):
        assert f"| `{option}` |" in page
        assert name.removeprefix("override ").removeprefix("/").partition("@")[0] in page


def test_every_top_level_key_is_told(reference: Mapping[str, str]):
    from fieldlab.config.schema import RUN

    for key in RUN:
        assert f"`{key}`" in reference["reference/run.md"]


def test_every_command_and_name_is_told(reference: Mapping[str, str]):
    text = (ROOT / "pyproject.toml").read_text()
    installed = re.findall(r"^(fieldlab[\w-]*) = ", text, re.MULTILINE)
    assert re.findall(r"^## (\S+)$", reference["reference/commands.md"], re.MULTILINE) == sorted(installed)
    assert "fieldlab task=surface" in reference["reference/commands.md"]
    for name in fieldlab.__all__:
        assert f"### `fieldlab.{name}`" in reference["reference/python.md"]
    assert "#### `rolled`" in reference["reference/python.md"]


def test_docstrings_say_nothing_that_markdown_would_swallow(reference: Mapping[str, str]):
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", reference["reference/python.md"], flags=re.DOTALL)
    assert not re.findall(r"(?<!\\)[*_<\[]", re.sub(r"^#.*$", "", prose, flags=re.MULTILINE))
