"""The house rules that a machine can check."""

import ast
import functools
import inspect
import re
import tomllib
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from torch import nn

import fieldlab
from conftest import CONF, build_member, options
from fieldlab.config.instantiate import locate
from fieldlab.tasks.visualize.transforms.transform import Transform

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/fieldlab"
ROOMS = [  # each imports from those before it, and from itself
    {"errors", "atomic", "notices"}, {"imports", "config"}, {"encodings", "optimizers", "geometry", "expressions", "metrics"}, {"networks"}, {"field", "operators"},
    {"signals", "weights", "kernels"}, {"classifiers", "training"}, {"runs"}, {"tasks", "report"}, {"fitted", "sweeps"}, {"studies", "hydra_plugins"}, {"cli"},
]  # fmt: skip
BLIND = ("runs", "sweeps", "report")  # know of tasks only what the contract says


@functools.cache
def modules() -> dict[str, Path]:
    """Every file by its dotted name below fieldlab; Hydra's names for plugins are a room too."""
    files = [*SOURCE.rglob("*.py"), *(ROOT / "src/hydra_plugins").rglob("*.py")]
    named = {".".join(file.relative_to(ROOT / "src").with_suffix("").parts): file for file in sorted(files)}
    return {name.removesuffix(".__init__").removeprefix("fieldlab."): file for name, file in named.items()}


@functools.cache
def imports(file: Path) -> set[str]:
    """The modules of fieldlab that a file imports, within functions too; not what only a type checker reads."""
    tree, known = ast.parse(file.read_text()), modules()
    for node in [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]:
        node.body = []
    names = [n.name for node in ast.walk(tree) if isinstance(node, ast.Import) for n in node.names]
    for node in [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]:
        names += [f"{node.module}.{name.name}" for name in node.names] + [str(node.module)]
    return {name.removeprefix("fieldlab.") for name in names} & known.keys() - {"fieldlab"}


def level(name: str) -> int:
    return next(i for i, rooms in enumerate(ROOMS) if name.partition(".")[0] in rooms)


def test_there_are_few_rooms():
    assert len(ROOMS) <= 12
    assert {path.stem for path in SOURCE.iterdir()} - {"__init__", "__pycache__"} == set().union(*ROOMS) - {
        "hydra_plugins"
    }


@pytest.mark.parametrize("name", [name for name in modules() if name != "fieldlab"])
def test_imports_run_one_way(name: str):
    for other in imports(modules()[name]):
        same_room = name.partition(".")[0] == other.partition(".")[0]
        assert same_room or level(other) < level(name), f"{name} imports {other} from a later room"


def test_no_files_import_each_other_in_a_circle():
    TopologicalSorter({name: imports(file) - {name} for name, file in modules().items()}).prepare()


@pytest.mark.parametrize("name", [name for name in modules() if name.partition(".")[0] in BLIND])
def test_engine_sweeps_and_report_name_no_task(name: str):
    text = modules()[name].read_text()
    kinds = [folder.name for folder in (SOURCE / "tasks").iterdir() if (folder / "task.py").exists()]
    assert len(kinds) == 6
    for kind in kinds:
        assert f"fieldlab.tasks.{kind}" not in text
        assert not re.search(rf"\b{kind.capitalize()}\b\.?\w*\(|task={kind}", text)
    assert not re.search(r"\w_psnr|chamfer|goal_loss|activation|bicubic|Poisson|real patch", text), (
        "a task's own score or yardstick"
    )


def test_a_page_knows_no_score_of_a_task():
    for file in (SOURCE / "report").glob("page.*"):
        assert not re.search(r"PSNR|bicubic|Chamfer", file.read_text())


@pytest.mark.parametrize("name", modules())
def test_every_file_says_what_it_is_for_and_fits_its_room(name: str):
    text = modules()[name].read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 250


PARTICIPLE = re.compile(
    r"(as_|in_|times_)?([a-z]*[^e]ed|[a-z]+ing|begun|bound|brought|built|chosen|dealt|done|drawn|found|given|gone|grown|heard|held|hidden"
    r"|kept|known|left|lent|lost|made|meant|met|mine|paid|seen|sent|shown|spelt|spoken|struck|taken|taught|thrown|told|torn|understood"
    r"|worn|written)(_as|_at|_by|_from|_in|_once|_out|_up|_with)?"
)
PARTICIPLES = {
    "report.answer.ranking": "a noun",
    "report.gallery.embed": "a verb",
    "fitted.query.rolled": "public; a rolled copy, as `sorted` gives a sorted one",
    "signals.grid.spacing": "a property, and a noun",
    "signals.splits.everything": "a noun, and a `_target_`",
    "signals.splits.held_out": "a property: a fact of a split",
}  # with reasons


def test_names_of_functions_are_no_bare_participles():
    named = {
        f"{name}.{node.name}"
        for name, file in modules().items()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and PARTICIPLE.fullmatch(node.name)
    }
    assert named == PARTICIPLES.keys()


def parts() -> list[type[nn.Module]]:
    found = []
    for room in ("encodings", "networks", "tasks"):
        for file in sorted((SOURCE / room).rglob("[a-z]*.py")):
            module = import_module(".".join(("fieldlab", *file.relative_to(SOURCE).with_suffix("").parts)))
            found += [c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__]
    return found


@pytest.mark.parametrize("part", parts(), ids=lambda part: part.__name__)
def test_constructors_have_no_defaults(part: type):
    if "__init__" not in vars(part) or not issubclass(part, (nn.Module, Transform)):
        return  # a constructor that torch wrote, or a record
    defaults = [p.name for p in inspect.signature(part).parameters.values() if p.default is not p.empty]
    assert defaults == []


NEEDED = {
    "canvas": ["task=visualize"],
    "canvas/colors": ["task=visualize"],
    "classifier": ["task=roll", "goal=adversarial"],
    "goal": ["task=roll"],
    "goal/towards": ["task=roll", "goal=collage"],
    "kernel": ["task=kernel"],
    "model": ["task=visualize"],
    "noise": ["task=inverse"],
    "observe": ["task=inverse"],
    "photos": ["task=visualize"],
    "shift_init": ["task=roll"],
    "transforms": ["task=visualize"],
    "warp": ["task=roll"],
    "warp/moves": ["task=roll"],
    "warp/wrap": ["task=roll"],
}
NEED_A_FILE = ("signal/image", "signal/array", "signal/sound", "signal/frames", "signal/cloud", "experiment/meshes")


def yaml_files() -> list[str]:
    return sorted(path.relative_to(CONF).with_suffix("").as_posix() for path in CONF.glob("*/**/*.yaml"))


@pytest.mark.quick(30)
@pytest.mark.parametrize("file", [f for f in yaml_files() if not f.startswith("hydra/")])
def test_every_yaml_composes(file: str):
    group, _, option = file.rpartition("/")
    needed = ["signal.path=skimage:camera.png"] if file in NEED_A_FILE else []
    needed += ["observe.path=mask.png"] if file == "observe/mask" else []
    needed += NEEDED.get(group, [])
    chosen = f"[{option}]" if group == "warp/moves" else option
    group = "classifier@goal.model" if group == "classifier" else group
    config = fieldlab.compose(f"{group}={chosen}", *needed)
    if file != "signal/array":
        settings = yaml.safe_load((CONF / f"{file}.yaml").read_text()) or {}
        settings = settings.get("signal", settings)
        if "_target_" in settings:
            assert callable(locate(settings["_target_"], file))
    assert config.folder.startswith("runs/")


def photos() -> list[str]:
    return [name for name in options("signal") if "defaults: [image," in (CONF / f"signal/{name}.yaml").read_text()]


@pytest.mark.slow
@pytest.mark.parametrize("photo", photos())
def test_every_bundled_photo_is_there(photo: str):
    prepared = build_member(
        fieldlab.compose(f"signal={photo}", "signal.size=16", "field.network.width=8", "trainer=cpu")
    )
    assert prepared.signal.grid == (16, 16)
    assert prepared.signal.name == photo


def test_every_package_is_in_the_wheel():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    there = {
        f.parent.relative_to(ROOT / "src").as_posix().replace("/", ".") for f in (ROOT / "src").rglob("__init__.py")
    }
    assert listed == there | {"fieldlab.conf"}
