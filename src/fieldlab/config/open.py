"""Settings of a field's parts that may be left open: `auto`, which the program chooses. Imports nothing heavy.

A part says which of its settings these are by their annotations: `sigma: Bandwidth`, `num_octaves: Octaves`, `first_omega_0: Frequency`.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from omegaconf import OmegaConf

from fieldlab.config.files import read_hints
from fieldlab.config.instantiate import is_of_type
from fieldlab.config.schema import AUTO
from fieldlab.errors import InputError


@dataclass(frozen=True)
class Ladder:
    """The metadata of an annotated type: which values are tried for a setting, from low to high, for so many samples along the longest axis.

    A kernel tells which of them is best; or, of a network that learns its features, short fits do, and the `published` value stays unless another is clearly better.
    """

    rungs: Callable[[int], Sequence[float]]
    published: float | None = None


def powers(samples: int) -> Sequence[float]:
    """1/2, 1, 2, …, up to four times the samples: more waves than these, in whichever unit, no samples can tell apart."""
    return [2.0**k for k in range(-1, math.ceil(math.log2(samples)) + 3)]


def numbers(samples: int) -> Sequence[int]:
    """1, 2, …, as many as there are octaves from one period to as many as every second sample could have."""
    return range(1, max(1, math.floor(math.log2(samples))) + 1)


def frequencies(samples: int) -> Sequence[float]:
    """A quarter of SIREN's 30, a half, and so on, up to what every second sample could have over [-1, 1], and 30 at least."""
    most = max(0, math.floor(math.log2(math.pi * samples / 2 / SINE)))
    return [SINE * 2.0**k for k in range(-2, most + 1)]


SINE = 30.0
Bandwidth = Annotated[float, Ladder(powers)]
Octaves = Annotated[int, Ladder(numbers)]
Frequency = Annotated[float, Ladder(frequencies, published=SINE)]


def find_open(field: Mapping[str, Any]) -> dict[str, Ladder]:
    """The settings of a field that say `auto`, by their keys below it, but for sizes, which a budget sets.

    Raises:
        InputError: a setting that cannot be left open.
    """
    sizes = field["size"] if isinstance(field.get("size"), Mapping) else {}
    found = {}
    for part in ("encoding", "network"):
        for key, ladder in walk(field.get(part), part):
            if key in sizes:
                continue
            if ladder is None:
                raise InputError(
                    f"field.{key}: cannot be {AUTO}; what can are bandwidths that are found quickly, sigma of gaussian, first_omega_0 of siren, num_octaves of positional"
                )
            found[key] = ladder
    return found


def walk(node: Any, key: str) -> Iterator[tuple[str, Ladder | None]]:
    """Every setting at or below a node that says `auto`, and the values for it."""
    if not isinstance(node, Mapping):
        return
    hints = read_hints(node) if AUTO in node.values() else {}
    for name, value in node.items():
        hint = hints.get(name)
        if value == AUTO and (hint is None or not is_of_type(AUTO, hint)):  # it may be a word of the part's own
            yield f"{key}.{name}", next((one for one in get_args(hint) if isinstance(one, Ladder)), None)
        else:
            yield from walk(value, f"{key}.{name}")


def put(node: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with these values, by their dotted keys, in place of what stood there."""
    config = OmegaConf.create(dict(node))
    for key, value in values.items():
        OmegaConf.update(config, key, value)
    return OmegaConf.to_container(config)  # type: ignore[return-value]
