"""Budgets: fields of as many numbers as others have."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from omegaconf import OmegaConf

from fieldlab.config.cache import keep
from fieldlab.config.open import put
from fieldlab.config.schema import AUTO
from fieldlab.config.sizes import grow
from fieldlab.errors import InputError
from fieldlab.field import count_parameters, count_stored
from fieldlab.notices import say_once
from fieldlab.runs.task import Config
from fieldlab.tasks.field_check import build_outline

NEAR = 0.02  # of the budget
LEAST, MOST = 2.0**-24, 2.0**24  # times a field's own size
HALVINGS = 60  # of the interval in which the factor lies


def resize(config: Config, *, dim: int, channels: int) -> Config:
    """The configuration with its field's sizes as numbers, by which it comes nearest to `budget`; others as they are.

    Raises:
        InputError: a budget that is none.
    """
    field, budget = config["field"], config.get("budget")
    if budget is None or not is_open(field):
        return config
    if budget < 1 or isinstance(budget, bool):
        raise InputError(f"budget: {budget} should be at least 1 number, or null for the field's own size")
    sized, numbers = solve(field, budget, dim, channels)
    if abs(numbers / budget - 1) > NEAR:
        keys = " and ".join(f"field.{key}" for key in field["size"])
        say_once(
            f"budget: {field['name']} has {numbers:,} numbers, {numbers / budget - 1:+.1%} of what is asked for; {keys} comes no nearer"
        )
    return {**config, "field": sized}


def is_open(field: Mapping[str, Any]) -> bool:
    """Whether a field's sizes are left to the program."""
    size, node = field.get("size"), OmegaConf.create(dict(field))
    return isinstance(size, Mapping) and all(OmegaConf.select(node, key) == AUTO for key in size)


@keep(256)
def solve(field: Mapping[str, Any], budget: int, dim: int, channels: int) -> tuple[dict[str, Any], int]:
    """The field that is nearest to the budget, and its numbers: those that are trained, and those that are stored beside them.

    The factor by which its sizes grow is found by bisection; fields are built without memory.
    """
    known: dict[str, float] = {}

    def count(factor: float) -> float:
        key = str(grow(field["size"], factor))
        if key not in known:
            known[key] = count_numbers(scale_sizes(field, factor), dim, channels, least=factor < 1, most=factor > 1)
        return known[key]

    least, most = bracket(count, budget)
    for _ in range(HALVINGS):
        middle = math.sqrt(least * most)
        least, most = (middle, most) if count(middle) <= budget else (least, middle)
    possible = [factor for factor in (least, most) if 0 < count(factor) < math.inf]
    best = min(possible, key=lambda factor: abs(count(factor) - budget))
    return scale_sizes(field, best), int(count(best))


def count_numbers(field: Mapping[str, Any], dim: int, channels: int, *, least: bool, most: bool) -> float:
    """The numbers of a field that need not be possible: 0 where it is smaller than the `least` that is, infinite where larger than the `most`."""
    try:
        outline = build_outline({"field": field}, dim, channels)
    except InputError:
        if not least and not most:
            raise
        return 0 if least else math.inf
    return count_parameters(outline) + count_stored(outline)


def bracket(count: Callable[[float], float], budget: int) -> tuple[float, float]:
    """Two factors, the nearest powers of two, between whose numbers the budget lies, as far as there are such."""
    least = most = 1.0
    while count(least) > budget and least > LEAST:
        least /= 2
    while count(most) < budget and most < MOST:
        most *= 2
    return least, most


def fill_sizes(field: Mapping[str, Any]) -> dict[str, Any]:
    """The field with its own sizes, where these are left to the program."""
    return scale_sizes(field, 1.0) if is_open(field) else dict(field)


def scale_sizes(field: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """The field with its sizes so many times as large as by itself."""
    return put(field, grow(field["size"], factor))
