"""The fingerprint of a run: what determines its result, as a hash. Imports nothing heavy."""

import hashlib
import importlib.util
import json
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fieldlab.config.files import digest
from fieldlab.config.kind import find_kind
from fieldlab.config.working_folder import make_importable

RESULTS = 4  # raised by every change of the code that changes any result; fieldlab 0.1.0 was 1
UNCOVERED = (  # say where, how fast and what for, and so change no result
    "study", "folder", "question", "notes", "figure", "logger", "resume", "checkpoint_minutes", "compile", "debug", "dry", "experiment",
)  # fmt: skip
HARMLESS = (  # settings of a Trainer that cannot change what a run comes to
    "accelerator", "devices", "strategy", "num_nodes", "deterministic", "benchmark", "detect_anomaly", "profiler", "default_root_dir",
)  # fmt: skip


def hash_run(config: Mapping[str, Any]) -> str:
    """Eight hex digits over everything that determines the result, and over nothing else.

    Covered is all of a configuration but `UNCOVERED` keys, what is `HARMLESS` of the trainer, what annotations except, and
    a field's rates, which optimisers read; of files their content counts, not their place.
    Besides, the integer `RESULTS` and the source of every `_target_` outside installed packages.
    """
    sources = {target: digest_source(target) for target in sorted(set(find_targets(config)))}
    whole = {
        "results": RESULTS,
        "sources": {target: source for target, source in sources.items() if source},
        **cover(config),
    }
    return hashlib.sha256(json.dumps(canonicalize(whole), sort_keys=True, default=str).encode()).hexdigest()[:8]


def cover(run: Mapping[str, Any]) -> dict[str, Any]:
    """What determines the result of a run, and of the runs that it describes below its own keys."""
    keys = find_kind(run).keys
    covered: dict[str, Any] = {}
    for key, value in run.items():
        if key in UNCOVERED or value is None:
            continue
        nested = isinstance(value, Mapping) and isinstance(value.get("task"), Mapping)
        covered[key] = cover(value) if nested else digest(value, keys.get(key))
    if "field" in covered:
        covered["field"] = {key: value for key, value in covered["field"].items() if not is_rate(f"field.{key}")}
    if "trainer" in covered:
        covered["trainer"] = {key: value for key, value in covered["trainer"].items() if key not in HARMLESS}
        covered["trainer"]["precision"] = str(covered["trainer"].get("precision"))
    return covered


def canonicalize(node: Any) -> Any:
    """The same with whole numbers as integers: `sigma=5` and `sigma=5.0` ask for the same."""
    if isinstance(node, Mapping):
        return {key: canonicalize(value) for key, value in node.items()}
    if isinstance(node, list):
        return [canonicalize(value) for value in node]
    return int(node) if isinstance(node, float) and node.is_integer() else node


def drop_name(field: Mapping[str, Any]) -> dict[str, Any]:
    """A field's settings without its name and rates, which do not change what it is."""
    return {key: value for key, value in field.items() if key != "name" and not is_rate(f"field.{key}")}


def is_rate(key: str) -> bool:
    """Whether a key is a rate that suits a field, as `field.learning_rate`: the settings of optimisers read it, and nothing else."""
    return key.startswith("field.") and key.endswith("_rate") and key.count(".") == 1


def find_targets(node: Any) -> Iterator[str]:
    """Every `_target_` in a nest of dictionaries and lists."""
    if isinstance(node, Mapping):
        if isinstance(node.get("_target_"), str):
            yield node["_target_"]
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from find_targets(value)


def digest_source(target: str) -> str | None:
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
