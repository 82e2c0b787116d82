"""Names: what signals and runs are called, and the folder of a run. Imports nothing heavy."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from fieldlab.config.files import list_named_files
from fieldlab.config.fingerprint import hash_run
from fieldlab.config.kind import find_kind
from fieldlab.errors import InputError

LONGEST_NAME = 60  # bytes


def register_resolvers() -> None:
    """Make `${fit_name:}` (field-signal-seed-hash) and `${field_name:}` known to OmegaConf."""
    OmegaConf.register_new_resolver("fit_name", resolve_run_name, replace=True)
    OmegaConf.register_new_resolver("field_name", resolve_field_name, replace=True)


def resolve_run_name(*, _root_: DictConfig) -> str:
    """The name of the run that a whole configuration describes."""
    plain = {key: to_container(_root_[key]) for key in map(str, _root_) if key not in ("hydra", "folder")}
    return name_run(find_kind(plain).settle(plain))


def name_run(config: Mapping[str, Any]) -> str:
    """`<field>-<subject>-s<seed>-<hash8>`, the folder of a run within its study."""
    subject = slugify(find_kind(config).name_subject(config))
    return f"{config['field']['name']}-{subject}-s{config['seed']}-{hash_run(config)}"


def slugify(text: str) -> str:
    """The text as a part of a folder's name, which nobody has to quote, and no file system finds too long."""
    short = re.sub(r"[^\w.+]+", "-", text).strip("-").encode()[:LONGEST_NAME].decode(errors="ignore")
    return short.strip("-") or "unnamed"


def name_subject(config: Mapping[str, Any], task: str) -> str:
    """What a task that works on a signal works on.

    Raises:
        InputError: no signal, or a name that is no part of a folder's.
    """
    if not isinstance(config.get("signal"), Mapping):
        raise InputError(f"signal: the task {task} needs one")
    name = name_signal(config["signal"])
    if "/" in name:
        raise InputError(f"signal.name: {name} must not contain a slash")
    return name


def name_signal(signal: Mapping[str, Any]) -> str:
    """The signal's name, or its files' stems."""
    stems = "+".join(Path(path.rpartition(":")[2]).stem for path in list_named_files(signal))
    return str(stems or "signal" if signal.get("name") is None else signal["name"])


def resolve_field_name(*, _root_: DictConfig) -> str:
    """What the task of a configuration calls the field, by Hydra's record of what was chosen."""
    choices = (
        _root_.get("hydra") or HydraConfig.get()
    ).runtime.choices  # a job's own configuration has no hydra node
    return find_kind(_root_).name_field(_root_, choices)


def to_container(value: Any) -> Any:
    """A configuration's node as plain dictionaries and lists, interpolations resolved."""
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
