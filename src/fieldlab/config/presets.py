"""Presets of fields, by the names of their files in conf/field/. Imports nothing heavy."""

import functools
from collections.abc import Mapping
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType

PARTS = ("encoding", "network")
Choices = Mapping[str, Any]  # the options that Hydra has chosen, by group


def name_preset(choices: Choices) -> str:
    """The preset's name, or `encoding+network` where a part was exchanged."""
    if choices.get("field") is None:
        return "none"
    chosen = {part: choices[f"field/{part}"] for part in PARTS}
    own = read_preset(choices["field"])
    return choices["field"] if chosen == own else "+".join(chosen.values())


def read_preset(preset: str) -> dict[str, str | None]:
    """The encoding and network that conf/field/<preset>.yaml names."""
    return dict(read_parts(GlobalHydra.instance().config_loader().repository, preset))  # type: ignore[attr-defined]


@functools.lru_cache(maxsize=64)
def read_parts(repository: Any, preset: str) -> dict[str, str | None]:
    """The same, from this repository of files."""
    if repository.get_group_options("field", ObjectType.CONFIG).count(preset) == 0:
        return {}
    loaded = repository.load_config(f"field/{preset}")
    named = {str(default.group): default.value for default in loaded.defaults_list if hasattr(default, "group")}
    return {part: named.get(f"/field/{part}") for part in PARTS}
