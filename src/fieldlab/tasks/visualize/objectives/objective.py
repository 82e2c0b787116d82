"""Objective: what an image is optimised for, as text: `layer4:[1,5,9] - 0.1*tv`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.expressions import REFERENCE, UNITS, Expression
from fieldlab.tasks.visualize.objectives.names import GRAMMAR, make_term, parse_units
from fieldlab.tasks.visualize.objectives.terms import Channel, Seen, Term


@dataclass(frozen=True)
class Sum:
    """Terms with factors: sums add up, and numbers scale them."""

    terms: Sequence[tuple[float, Term]]

    def __add__(self, other: object) -> "Sum":
        return Sum([*self.terms, *other.terms]) if isinstance(other, Sum) else NotImplemented

    def __mul__(self, factor: object) -> "Sum":
        if not isinstance(factor, int | float):
            return NotImplemented
        return Sum([(factor * own, term) for own, term in self.terms])

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> "Sum":
        return self * (1 / divisor)

    def __pos__(self) -> "Sum":
        return self

    def __neg__(self) -> "Sum":
        return self * -1

    def __sub__(self, other: "Sum") -> "Sum":
        return self + -other


class Objective:
    """A sum of terms with factors; `images` is how many images it is for.

    Terms that name several units give each image one of them; all such terms name equally many.

    Raises:
        ValueError: text that is no such sum.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.terms = parse(text).terms
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

        def choose(match: re.Match[str]) -> str:
            units = parse_units(match)
            return match[0].removesuffix(match[2]) + str(units[i % len(units)])

        return UNITS.sub(lambda match: choose(match) if match[2].startswith("[") else match[0], self.text)


def spell_out(text: str, count: Callable[[str], int]) -> str:
    """The text with `layer:*`, all units of a layer, as `layer:[0-16]`."""
    return UNITS.sub(lambda match: f"{match[1]}:[0-{count(match[1]) - 1}]" if match[2] == "*" else match[0], text)


def parse(text: str) -> Sum:
    """The sum that an objective is as text."""
    if not text.strip():
        raise ValueError(f"there is no objective; {GRAMMAR}")
    expression = Expression(text, {}, pattern=REFERENCE, grammar=GRAMMAR)
    terms = [Sum([(1.0, make_term(name, expression.text))]) for name in expression.names]
    try:
        total = expression(*terms)
    except (TypeError, ArithmeticError) as error:  # what is done to the terms is not linear
        raise expression.explain(error) from error
    if not isinstance(total, Sum):
        raise ValueError(f"'{text}' names nothing to optimise for; {GRAMMAR}")
    return total
