"""Names: what stands in an objective for a term, `layer4:[1,5]`, `direction(layer3, file.npy)` or `tv`."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.errors import suggest
from fieldlab.expressions import CALL, UNITS
from fieldlab.tasks.visualize.objectives.terms import (
    Absolute,
    Channel,
    DeepDream,
    Direction,
    Diversity,
    Layer,
    Neuron,
    Roughness,
    Square,
    Term,
    Variation,
)

PENALTIES: Mapping[str, Callable[[], Term]] = {"tv": Variation, "l1": Absolute, "l2": Square, "blur": Roughness}
OF_LAYERS: Mapping[str, Callable[[str], Term]] = {"layer": Layer, "deepdream": DeepDream, "diversity": Diversity}
CALLS = ("neuron", "direction", *OF_LAYERS)
GRAMMAR = (
    "an objective is a sum like 'layer4:[1,5,9] - 0.1*tv' of layer:unit, neuron(layer:unit), direction(layer, file.npy),"
    f" {', '.join(f'{name}(layer)' for name in OF_LAYERS)}, {', '.join(PENALTIES)}, with numbers as factors"
)


def make_term(name: str, text: str) -> Term:
    """The term that a name in the text of an objective stands for.

    Raises:
        ValueError: a name that stands for none.
    """
    if match := UNITS.fullmatch(name):
        return Channel(match[1], parse_units(match))
    if match := CALL.fullmatch(name):
        return make_term_of_layer(match[1], match[2].strip(), text)
    if name in PENALTIES:
        return PENALTIES[name]()
    raise ValueError(f"'{name}' in '{text}' is no term{suggest(name, [*PENALTIES, *CALLS])}; units are layer:unit")


def make_term_of_layer(function: str, argument: str, text: str) -> Term:
    """`neuron(layer:unit)` and the like."""
    if function not in CALLS:
        raise ValueError(f"{function}(…) in '{text}' is no term{suggest(function, CALLS)}")
    if function == "neuron" and (match := UNITS.fullmatch(argument)):
        return Neuron(match[1], parse_units(match))
    parts = [part.strip() for part in argument.split(",")]
    if function == "direction" and 2 <= len(parts) <= 3:
        return make_direction(*parts)
    if function in OF_LAYERS and len(parts) == 1 and argument:
        return OF_LAYERS[function](argument)
    raise ValueError(f"{function}({argument}) in '{text}' is not understood; {GRAMMAR}")


def parse_units(match: re.Match[str]) -> list[int]:
    """The units of `layer:12`, `layer:[1, 5, 9]` or `layer:[0-3, 7]`."""
    found: list[int] = []
    for part in match[2].strip("[]").split(","):
        span = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if span is None or int(span[2] or span[1]) < int(span[1]):
            raise ValueError(f"'{match[0]}' is not understood; units are numbers and ranges, like 12 or [1, 5, 8-11]")
        found += range(int(span[1]), int(span[2] or span[1]) + 1)
    return found


def make_direction(layer: str, file: str, power: str = "") -> Direction:
    """`direction(layer, file, power)`; without a power it is 0."""
    try:
        exponent = float(power or 0)
    except ValueError as error:
        raise ValueError(f"direction: power {power} should be a number") from error
    return Direction(layer, read_vector(file), exponent)


def read_vector(file: str) -> Float[Tensor, "channels"]:
    """Finite numbers along one axis, from a .npy file."""
    try:
        found = torch.from_numpy(np.atleast_1d(np.load(Path(file).expanduser())).astype(np.float32))
    except (OSError, ValueError) as error:
        raise ValueError(f"direction: {file} is no array of numbers ({error})") from error
    if found.ndim > 1 or not found.isfinite().all():
        raise ValueError(f"direction: {file} should hold finite numbers along one axis, and is {list(found.shape)}")
    return found
