"""The house rules that a machine can check."""

import ast
import inspect
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from torch import nn

import fieldlab
from conftest import CONF, options
from fieldlab.build import locate
from fieldlab.tasks.assembly import build_member
from fieldlab.transforms.transform import Transform

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/fieldlab"
ORDER = [
    {"errors", "atomic", "schema", "working_folder", "overrides", "machine"}, {"digests", "imports"}, {"build", "executors", "claims", "expressions"},
    {"runs"}, {"identity", "results"}, {"configuration", "rules", "trainer"}, {"encodings", "networks"}, {"field"}, {"operators"}, {"weights"},
    {"metrics", "shapes", "canvases", "transforms", "objectives"}, {"warps"}, {"signals"}, {"pictures", "models"}, {"goals"}, {"sheets"}, {"tasks"},
    {"checkpoint", "query.fitted", "query.shape"}, {"tracking"}, {"check"}, {"run"}, {"packs"}, {"sweep"}, {"cli"},
]  # fmt: skip
REPORT_READS = {
    "digests",
    "errors",
    "atomic",
    "build",
    "operators",
    "runs",
    "shapes",
    "signals",
    "tasks",
    "results",
    "pictures",
    "query",
    "report",
    "warps",
    "cli",
}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imports(file: Path) -> set[str]:
    """What a file imports of fieldlab, as dotted names below it; imports within functions do not count."""
    tree = ast.parse(file.read_text())
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fieldlab"):
            below = (node.module or "").removeprefix("fieldlab").lstrip(".")
            found |= (
                {f"{below}.{name.name}".lstrip(".") for name in node.names} if below in ("", "report") else {below}
            )
    return found - {""}


def level(name: str) -> int | None:
    return next(
        (i for i, names in enumerate(ORDER) if any(name == n or name.startswith(f"{n}.") for n in names)), None
    )


@pytest.mark.parametrize("file", modules(), ids=lambda f: f.relative_to(SOURCE).as_posix())
def test_imports_run_one_way(file: Path):
    name = ".".join(file.relative_to(SOURCE).with_suffix("").parts)
    mine = level(name)
    for other in imports(file):
        if mine is None:
            if name.startswith(("report.", "query.")):
                assert other.partition(".")[0] in REPORT_READS, f"{name} imports {other}"
        else:
            theirs = level(other)
            same_room = name.partition(".")[0] == other.partition(".")[0]
            assert theirs is not None, f"{name} imports {other}, which has no level"
            assert theirs < mine or same_room, f"{name} imports {other} from a later room"


@pytest.mark.parametrize("file", modules(), ids=lambda f: f.relative_to(SOURCE).as_posix())
def test_every_file_says_what_it_is_for_and_fits_its_room(file: Path):
    text = file.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 250


def parts() -> list[type[nn.Module]]:
    found = []
    for room in ("encodings", "networks", "canvases", "transforms", "warps", "goals", "tasks"):
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
    "canvas/colors": ["model=texture"],
    "goal/model": ["task=roll", "goal=adversarial"],
    "goal/towards": ["task=roll", "goal=collage"],
    "warp/moves": ["task=roll"],
    "warp/wrap": ["task=roll"],
}
NEED_A_FILE = ("signal/image", "signal/array", "signal/sound", "signal/frames", "signal/cloud", "experiment/meshes")


def yaml_files() -> list[str]:
    return sorted(path.relative_to(CONF).with_suffix("").as_posix() for path in CONF.glob("*/**/*.yaml"))


@pytest.mark.parametrize("file", [f for f in yaml_files() if not f.startswith("hydra/")])
def test_every_yaml_composes(file: str):
    group, _, option = file.rpartition("/")
    needed = ["signal.path=skimage:camera.png"] if file in NEED_A_FILE else []
    needed += NEEDED.get(group, [])
    chosen = f"[{option}]" if group == "warp/moves" else option
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
