"""Digests: what a configuration and the files that it names come to, wherever these lie. Imports nothing heavy."""

import errno
import functools
import hashlib
import importlib.util
import json
import re
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from fieldlab.errors import InputError
from fieldlab.working_folder import make_importable

DIRECTION = r"direction\([^,()]*,\s*([^,()]+?)\s*[,)]"
FILES = ("path", "other", "mask")  # settings of a signal that name files: their content counts, not their place
PLACES = ("study", "folder", "question", "notes", "figure")  # say where fits are kept, and what for


def library_files(folder: Path) -> list[Path]:
    """The results of the fits in a folder, or of the fit that it is."""
    own = folder / "result.json"
    return [own] if own.is_file() else sorted(folder.glob("*/result.json"))


def stored(file: Path) -> dict[str, Any]:
    """What a result says; nothing where it cannot be read, as checking will say."""
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}


def canonical(node: Any) -> Any:
    """The same with whole numbers as integers: `sigma=5` and `sigma=5.0` ask for the same fit."""
    if isinstance(node, Mapping):
        return {key: canonical(value) for key, value in node.items()}
    if isinstance(node, list):
        return [canonical(value) for value in node]
    return int(node) if isinstance(node, float) and node.is_integer() else node


def content(signal: Mapping[str, Any] | DictConfig) -> str | list[str | None] | None:
    """Digests of the signal's files; of a single one by itself."""
    digests = [content_digest(signal.get(key)) for key in FILES]
    return digests if any(digests[1:]) else digests[0]


def digested(node: Any, key: str = "") -> Any:
    """What a configuration says, with digests for the files that it names: their content counts, not their place.

    Files are those of a signal, parameters (`path`), pictures (`start`, `target`, photos), the fits of a library, and the directions of an
    objective. A signal's name, and where a roll's fits are kept, do not count.
    """
    if key in ("moves", "photos") and isinstance(node, Mapping):  # their order counts too
        return [[name, digested(value, "path" if key == "photos" else str(name))] for name, value in node.items()]
    if isinstance(node, Mapping):
        left_out = {"memorise": PLACES, "signal": ("name",)}.get(key, ())
        kept = {name: value for name, value in node.items() if name not in left_out}
        return {name: digested(value, str(name)) for name, value in kept.items()}
    if key in (*FILES, "start", "target"):
        return content_digest(node) or node
    if key == "library" and node is not None:
        return [fit_digest(file) for file in library_files(Path(str(node)).expanduser())]
    if key == "objective" and isinstance(node, str):
        return [node, *(content_digest(file) for file in re.findall(DIRECTION, node))]
    return node


def fit_digest(file: Path) -> list[Any]:
    """What a roll sees of a fit, given its result: its field, its weights and its picture; of one that is not finished nothing."""
    result = stored(file)
    if result.get("status") != "finished":
        return []
    config = result["config"]
    weights = content_digest(str(file.parent / "weights.safetensors"))
    return [config["field"], weights, {**(config["signal"] or {}), "path": None}, content(config["signal"] or {})]


def content_digest(path: Any) -> str | None:
    """A digest of a file, or of all files in a folder; None where there is none (building the signal will say so)."""
    if not isinstance(path, str) or path == "???":
        return None
    if path.startswith(("skimage:", "sklearn:")):
        return path  # pinned by the packages themselves
    file = Path(path).expanduser()
    try:
        if file.is_dir():
            digests = [content_digest(str(inner)) for inner in sorted(file.iterdir()) if inner.is_file()]
            return hashlib.sha256(json.dumps(digests).encode()).hexdigest()
        state = file.stat()
        return file_digest(file, state.st_mtime_ns, state.st_size)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"{path[:60]}…: is too long for the name of a file") from error
        return None


@functools.lru_cache(maxsize=4096)
def file_digest(file: Path, changed: int, size: int) -> str:
    """Read again only where the file's time or size has changed."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def targets(node: Any) -> Iterator[str]:
    """Every `_target_` in a nest of dictionaries and lists."""
    if isinstance(node, Mapping):
        if isinstance(node.get("_target_"), str):
            yield node["_target_"]
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from targets(value)


def source_digest(target: str) -> str | None:
    """A digest of the file that defines `target`, where it is the user's own and not an installed package's."""
    make_importable()
    top, *rest = target.split(".")[:-1] or [target]
    spec = importlib.util.find_spec(top) if top not in ("fieldlab", "torch", "lightning") else None
    if spec is None or spec.origin is None or spec.origin in ("built-in", "frozen"):
        return None
    file = Path(spec.origin)
    installed = {"site-packages", "dist-packages"} & set(file.parts)
    if installed or file.is_relative_to(sysconfig.get_path("stdlib")):
        return None
    for name in rest:
        folder = file.parent / name
        file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
