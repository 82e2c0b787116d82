"""What makes a fit this fit and no other: its name, its hash, its folder. Imports nothing heavy."""

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.object_type import ObjectType
from omegaconf import DictConfig, OmegaConf

from fieldlab.digests import FILES, canonical, digested, library_files, source_digest, stored, targets
from fieldlab.runs.task import find_task

RESULTS = 2  # raised by every change of the code that changes any result; fieldlab 0.1.0 was 1
UNCOVERED = (  # say where, how fast and what for, and so change no result
    "study", "folder", "question", "notes", "figure", "logger", "resume", "checkpoint_minutes", "compile", "debug", "experiment",
)  # fmt: skip
HARMLESS = (  # settings of a Trainer that cannot change what a fit comes to
    "accelerator", "devices", "strategy", "num_nodes", "deterministic", "benchmark", "detect_anomaly", "profiler", "default_root_dir",
)  # fmt: skip
LONGEST_NAME = 60  # bytes
PARTS = ("encoding", "network")


def register_resolvers() -> None:
    """Make `${fit_name:}` (field-signal-seed-hash) and `${field_name:}` known to OmegaConf."""
    OmegaConf.register_new_resolver("fit_name", fit_name, replace=True)
    OmegaConf.register_new_resolver("field_name", field_name, replace=True)


def fit_name(*, _root_: DictConfig) -> str:
    """`<field>-<signal>-s<seed>-<hash8>`, the folder of a fit within its study."""
    subject = slug(find_task(_root_).name_subject(_root_))
    return f"{_root_.field.name}-{subject}-s{_root_.seed}-{fit_hash(_root_)}"


def slug(text: str) -> str:
    """The text as a part of a folder's name, which nobody has to quote, and no file system finds too long."""
    short = re.sub(r"[^\w.+]+", "-", text).strip("-").encode()[:LONGEST_NAME].decode(errors="ignore")
    return short.strip("-") or "unnamed"


def name_signal(signal: Mapping[str, Any] | DictConfig) -> str:
    """The signal's name, or its files' stems."""
    missing = [key for key in FILES[:2] if isinstance(signal, DictConfig) and OmegaConf.is_missing(signal, key)]
    named = [signal.get(key) for key in FILES[:2] if key not in missing]
    stems = "+".join(Path(str(path).rpartition(":")[2]).stem for path in named if path is not None)
    return str(stems or "signal" if signal.get("name") is None else signal["name"])


def field_name(*, _root_: DictConfig) -> str:
    """The preset's name, or `encoding+network` where a part was exchanged; that of a canvas without a field.

    Reads Hydra's record of what was chosen, and the preset's own defaults list. Rolls of a library take its fits' name.
    """
    if _root_.get("library") is not None:
        return library_field(Path(str(_root_.library)).expanduser())
    choices = (_root_.get("hydra") or HydraConfig.get()).runtime.choices  # a task's own config has no hydra node
    if choices.get("field") is None:
        return str(choices.get("canvas"))
    chosen = {part: choices[f"field/{part}"] for part in PARTS}
    own = preset_parts(choices["field"])
    return choices["field"] if chosen == own else "+".join(chosen.values())


def library_field(folder: Path) -> str:
    """What the fits in a folder call their field; the folder's name where there are none, as checking will say."""
    finished = (result for result in map(stored, library_files(folder)) if result.get("status") == "finished")
    return next((str(result["field"]) for result in finished), folder.name)


def preset_parts(preset: str) -> dict[str, str | None]:
    """The encoding and network that conf/field/<preset>.yaml names."""
    return dict(parts_in(GlobalHydra.instance().config_loader().repository, preset))  # type: ignore[attr-defined]


@functools.lru_cache(maxsize=64)
def parts_in(repository: Any, preset: str) -> dict[str, str | None]:
    if repository.get_group_options("field", ObjectType.CONFIG).count(preset) == 0:
        return {}
    loaded = repository.load_config(f"field/{preset}")
    named = {str(default.group): default.value for default in loaded.defaults_list if hasattr(default, "group")}
    return {part: named.get(f"/field/{part}") for part in PARTS}


def fit_hash(config: DictConfig | Mapping[str, Any]) -> str:
    """Eight hex digits over everything that determines the result, and over nothing else.

    Covered is all that is composed but `UNCOVERED` keys, what is `HARMLESS` of the trainer, names of signals, and values that are read
    through others alone (field.learning_rate); of files their content counts, not their place. Besides, the integer
    `RESULTS` and the source of every `_target_` outside installed packages.
    """
    covered: dict[str, Any] = {
        key: container(config[key]) for key in map(str, config) if key not in (*UNCOVERED, "hydra")
    }
    if covered.get("library") is not None:  # its fits know the rest themselves
        covered |= {"field": {}, "memorise": None, "photos": None}
    sources = {target: source_digest(target) for target in sorted(set(targets(covered)))}
    covered = {key: digested(value, key) for key, value in covered.items() if value is not None}
    covered["field"].pop("learning_rate", None)
    covered["trainer"] = {key: value for key, value in covered["trainer"].items() if key not in HARMLESS}
    covered["trainer"]["precision"] = str(covered["trainer"].get("precision"))
    whole = {
        "results": RESULTS,
        "sources": {target: digest for target, digest in sources.items() if digest},
        **covered,
    }
    return hashlib.sha256(json.dumps(canonical(whole), sort_keys=True, default=str).encode()).hexdigest()[:8]


def nameless(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Without the field's name and learning rate, which do not change what it is."""
    return {**plain, "field": {k: v for k, v in plain["field"].items() if k not in ("name", "learning_rate")}}


def container(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
