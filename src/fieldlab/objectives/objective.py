"""Objective: what an image is optimised for, as text: `layer4:[1,5,9] - 0.1*tv`."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.errors import suggest
from fieldlab.objectives.terms import (
    Absolute,
    Channel,
    DeepDream,
    Direction,
    Diversity,
    Layer,
    Neuron,
    Roughness,
    Seen,
    Square,
    Term,
    Variation,
)

NUMBER = r"\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?"
PIECE = re.compile(rf"\s*([+-]?)\s*((?:{NUMBER}|\([^()]*\)|\[[^\[\]]*\]|[^+\-()\[\]])+)")
FACTOR = re.compile(rf"(?:({NUMBER})\s*\*\s*)?(.*?)(?:\s*\*\s*({NUMBER}))?")
ALL_UNITS = re.compile(r"([\w.]+)\s*:\s*\*(?!\s*\d)")
UNITS = re.compile(r"([\w.]+)\s*:\s*(\d+|\[[\d\s,-]+\])")
CALL = re.compile(r"(\w+)\s*\(([^()]*)\)")

PENALTIES: Mapping[str, Callable[[], Term]] = {"tv": Variation, "l1": Absolute, "l2": Square, "blur": Roughness}
OF_LAYERS: Mapping[str, Callable[[str], Term]] = {"layer": Layer, "deepdream": DeepDream, "diversity": Diversity}
CALLS = ("neuron", "direction", *OF_LAYERS)
GRAMMAR = (
    "an objective is a sum like 'layer4:[1,5,9] - 0.1*tv' of layer:unit, neuron(layer:unit), direction(layer, file.npy),"
    f" {', '.join(f'{name}(layer)' for name in OF_LAYERS)}, {', '.join(PENALTIES)}"
)


class Objective:
    """A sum of terms with factors; `images` is how many images it is for.

    Terms that name several units give each image one of them; all such terms name equally many.

    Raises:
        ValueError: text that is no such sum.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.terms = [(sign * factor, term) for sign, factor, term in parse(text)]
        counts = {len(term.units) for _, term in self.terms if len(term.units) > 1}
        if len(counts) > 1:
            raise ValueError(f"'{text}' names {' and '.join(map(str, sorted(counts)))} units; each is for one image")
        self.images = max(counts, default=1)
        self.layers = list(dict.fromkeys(layer for _, term in self.terms for layer in term.layers))

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        """The score of each image; the more the better. Units come by turns: image i has unit i mod `images`."""
        return torch.stack([factor * term(seen, images) for factor, term in self.terms]).sum(0)

    @property
    def answers(self) -> bool:
        """Whether any of it is an answer of the network to an image by itself."""
        return any(term.answers for _, term in self.terms)

    def answer(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        """The sum of those terms that are answers of the network to an image by itself."""
        return torch.stack([factor * term(seen, images) for factor, term in self.terms if term.answers]).sum(0)

    def channels_of(self, layer: str) -> Sequence[int]:
        """The units of this layer that it wants more of; none where it is about others, or about several lists of them."""
        wanted = [
            term for factor, term in self.terms if factor > 0 and type(term) is Channel and term.layers == [layer]
        ]
        return wanted[0].units if len(wanted) == 1 else ()

    def alone(self, i: int) -> "Objective":
        """What image i is for, of as many images as there are."""
        return Objective(self.name(i))

    def name(self, i: int) -> str:
        """What image i is for: the objective with its own units."""
        return re.sub(r"\[[^\]]*\]", lambda match: str(numbers(match[0])[i % len(numbers(match[0]))]), self.text)


def spelled_out(text: str, units: Callable[[str], int]) -> str:
    """The text with `layer:*`, all units of a layer, as `layer:[0-16]`."""
    return ALL_UNITS.sub(lambda match: f"{match[1]}:[0-{units(match[1]) - 1}]", text)


def parse(text: str) -> list[tuple[float, float, Term]]:
    """Sign, factor and term of each summand."""
    found, place = [], 0
    while place < len(text.rstrip()):
        match = PIECE.match(text, place)
        if match is None or not match[2].strip() or (found and not match[1]):
            raise ValueError(f"'{text[place:].strip()}' in '{text}' is not understood; {GRAMMAR}")
        before, name, after = FACTOR.fullmatch(match[2].strip()).groups()  # type: ignore[union-attr]  # it matches anything
        factor = float(before or 1) * float(after or 1)
        found.append((-1.0 if match[1] == "-" else 1.0, factor, term(name.strip(), text)))
        place = match.end()
    if not found:
        raise ValueError(f"there is no objective; {GRAMMAR}")
    return found


def term(name: str, text: str) -> Term:
    """A summand without its factor."""
    if match := UNITS.fullmatch(name):
        return Channel(match[1], numbers(match[2]))
    if match := CALL.fullmatch(name):
        return called(match[1], [argument.strip() for argument in match[2].split(",", 1)], text)
    if name in PENALTIES:
        return PENALTIES[name]()
    if re.fullmatch(r"\w+", name):
        raise ValueError(
            f"'{name}' in '{text}' is no term{suggest(name, [*PENALTIES, *CALLS])}; units are layer:unit"
        )
    raise ValueError(f"'{name}' in '{text}' is not understood; {GRAMMAR}")


def called(function: str, arguments: list[str], text: str) -> Term:
    """`neuron(layer:unit)` and the like."""
    if function == "neuron" and (match := UNITS.fullmatch(",".join(arguments))):
        return Neuron(match[1], numbers(match[2]))
    if function == "direction" and len(arguments) == 2:
        file, _, power = arguments[1].partition(",")
        return Direction(arguments[0], vector(file.strip()), float(power or 0))
    if function in OF_LAYERS and len(arguments) == 1 and arguments[0]:
        return OF_LAYERS[function](arguments[0])
    if function not in CALLS:
        raise ValueError(f"{function}(…) in '{text}' is no term{suggest(function, CALLS)}")
    raise ValueError(f"{function}({', '.join(arguments)}) in '{text}' is not understood; {GRAMMAR}")


def numbers(text: str) -> list[int]:
    """`12`, `[1, 5, 9]` or `[0-3, 7]`."""
    found: list[int] = []
    for part in text.strip("[]").split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            raise ValueError(f"units {text} should be numbers and ranges, like [1, 5, 8-11]")
        found += range(int(match[1]), int(match[2] or match[1]) + 1)
    return found


def vector(file: str) -> Float[Tensor, "channels"]:
    """A direction from a .npy file: finite numbers along one axis."""
    try:
        found = torch.from_numpy(np.atleast_1d(np.load(Path(file).expanduser())).astype(np.float32))
    except (OSError, ValueError) as error:
        raise ValueError(f"direction: {file} is no array of numbers ({error})") from error
    if found.ndim > 1 or not found.isfinite().all():
        raise ValueError(f"direction: {file} should hold finite numbers along one axis, and is {list(found.shape)}")
    return found
