"""Sizes: the keys by which a field grows, left to the program where a `budget` is given. Imports nothing heavy."""

import copy
from collections.abc import Mapping, Sequence

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from fieldlab.config.schema import AUTO
from fieldlab.errors import InputError


def leave_sizes(config: DictConfig, *, budgeted: bool, given: Sequence[str]) -> DictConfig:
    """The configuration with `auto` wherever its field's `size` says, where that is `budgeted`; else without that `size`.

    `size` is one key below `field` or a list of them; what their values are stands in their place, as what grows in proportion.

    Raises:
        InputError: a field that does not say its size, a key that it does not have, one that is `given` by hand as well.
    """
    field = config.get("field")
    if not isinstance(field, DictConfig) or ("size" not in field and not budgeted):
        return config
    free = copy.deepcopy(config)
    with open_dict(free):
        size = free.field.pop("size", None)
        if budgeted:
            free.field.size = size if isinstance(size, DictConfig) else free_keys(free.field, size, given)
    return free


def free_keys(field: DictConfig, size: object, given: Sequence[str]) -> dict[str, object]:
    """What these keys of the field are, which say `auto` from now on."""
    keys = [size] if isinstance(size, str) else list(size or ())  # type: ignore[call-overload]
    if not keys:
        raise InputError(
            f"budget: the field {field.name} does not say what makes it larger; add to it size: network.width, or whichever key does"
        )
    found = {}
    for key in keys:
        value = OmegaConf.select(field, key)
        if not is_size(value):
            raise InputError(
                f"field.size: {key} should be a key below field whose value is a positive number, or numbers"
            )
        if any(sets(text, f"field.{key}") for text in given):
            raise InputError(f"field.{key}: follows from the budget; leave out one of them")
        found[key] = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
        OmegaConf.update(field, key, AUTO)
    return found


def sets(override: str, key: str) -> bool:
    """Whether an override gives a key its value, by itself or with all that stands beside it; a choice of the field does not."""
    own = override.partition("=")[0].lstrip("+")
    return own != "field" and f"{key}.".startswith(f"{own}.")


def is_size(value: object) -> bool:
    """Whether something is a positive number, or a list of them."""
    values = OmegaConf.to_container(value) if OmegaConf.is_list(value) else [value]
    return bool(values) and all(type(v) in (int, float) and v > 0 for v in values)  # type: ignore[union-attr, operator]


def read_given(config: DictConfig) -> Sequence[str]:
    """What was typed for this configuration, as far as Hydra knows."""
    if "hydra" in config:
        return list(config.hydra.overrides.task)
    return list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else []


def grow(size: Mapping[str, object], factor: float) -> dict[str, object]:
    """The same keys with values so many times as large: whole numbers stay whole, and at least 1."""
    return {key: scale(value, factor) for key, value in size.items()}


def scale(value: object, factor: float) -> object:
    if isinstance(value, list):
        return [scale(inner, factor) for inner in value]
    return max(1, round(value * factor)) if isinstance(value, int) else value * factor  # type: ignore[operator]
