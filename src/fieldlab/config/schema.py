"""The top-level keys that every run has, and their types. No defaults here: those live in conf/."""

from collections.abc import Mapping
from typing import Any, Literal

import yaml

from fieldlab.config.instantiate import describe_type, is_of_type
from fieldlab.errors import InputError, suggest

Node = Mapping[str, Any]
Keys = Mapping[str, Any]  # types by key
AUTO = "auto"  # what the program chooses
Compile = bool | Literal["auto"]
Steps = int | Literal["auto"]
RUN: Keys = {
    "study": str,
    "question": str,
    "notes": str,
    "figure": str,
    "folder": str,
    "seed": int,
    "compile": Compile,
    "debug": bool,
    "dry": bool,
    "resume": bool,
    "checkpoint_minutes": float | None,
    "task": Node,
    "field": Node,
    "trainer": Node,
    "logger": Node,
}
TRAINING: Keys = {"optimizer": Node, "schedule": Node, "steps": int}  # of tasks that train


def check_keys(config: Mapping[str, Any], keys: Keys, what: str) -> None:
    """Hold a configuration to its keys and their types.

    Raises:
        InputError: a key that `what` does not have, one that is missing, a value of another type.
    """
    for key in config:
        if key not in keys:
            raise InputError(f"{key}: {what} has no such key{suggest(str(key), keys)}")
    for key, hint in keys.items():
        value = config.get(key)
        if value is None and not is_of_type(None, hint):
            raise InputError(f"{key}: {what} needs one")
        if not is_of_type(value, hint):
            raise InputError(f"{key}: {value!r} should be {describe_type(hint)}")


def convert(config: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """The configuration with numbers as text where text is meant, `study=2024`, and words for true and false: `compile=yes`."""
    found = dict(config)
    for key, value in config.items():
        if keys.get(key) is str and type(value) in (int, float):
            found[key] = str(value)
        if keys.get(key) in (bool, Compile) and isinstance(value, str):
            found[key] = yaml.safe_load(value)
    return found
