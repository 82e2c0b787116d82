"""Adversarial: a classifier is to change its mind."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fieldlab.errors import InputError, first_line, suggest
from fieldlab.goals.goal import Goal, Pictures, Shown
from fieldlab.models.activations import OUTPUT, Activations
from fieldlab.models.answers import LayerError
from fieldlab.models.model import Model


class Adversarial(Goal):
    """-log p of a class where it is to `raise`, -log(1 - p) where it is to `lower`, with p the softmax of a classifier's answer
    to the whole picture.

    `label` is the class by name or number; None: what the classifier takes each picture for before it is rolled. A roll has
    succeeded where another class is the likeliest one in the end, or, raised, where this one is.

    Raises:
        InputError: a classifier that does not take such pictures; a label that it does not know.
    """

    needs_all = True
    before: Tensor
    wanted: Tensor

    def __init__(
        self, pictures: Pictures, *, model: Model, label: str | int | None, change: Literal["lower", "raise"]
    ) -> None:
        super().__init__(pictures)
        self.model = model
        self.change = change
        with torch.no_grad():
            answers = self.answers(pictures.values.flatten(1, 2))
        classes = answers.shape[-1]
        if classes < 2 or (model.labels and len(model.labels) != classes):
            raise InputError(
                f"goal.model: {model.name} answers {classes} number(s) and has {len(model.labels)} labels; a classifier"
                " has two classes at least, and a label for each or none"
            )
        self.register_buffer("before", answers.log_softmax(-1))
        wanted = answers.argmax(-1) if label is None else torch.full((len(answers),), self.number(label))
        self.register_buffer("wanted", wanted)

    def _apply(self, fn: object, *arguments: object) -> "Adversarial":
        """Where a goal goes, its model comes along."""
        super()._apply(fn, *arguments)  # type: ignore[arg-type]
        self.model.to(self.wanted.device)
        return self

    def number(self, label: str | int) -> int:
        """The class of this name or number."""
        labels = list(map(str, self.model.labels))
        if isinstance(label, str) and label in labels:
            return labels.index(label)
        if type(label) is int and 0 <= label < self.before.shape[-1]:
            return label
        known = labels or [f"0 to {self.before.shape[-1] - 1}"]
        raise InputError(f"goal.label: {self.model.name} knows no class {label}{suggest(str(label), known)}")

    def called(self, number: int) -> str:
        return str(self.model.labels[number]) if self.model.labels else str(number)

    def answers(self, seen: Float[Tensor, "*n p c"]) -> Float[Tensor, "*n classes"]:
        """What the classifier answers to whole pictures.

        Raises:
            InputError: a classifier that cannot be asked.
        """
        model, size = self.model, self.pictures.size
        if model.channels != seen.shape[-1]:
            raise InputError(
                f"goal.model: {model.name} sees {model.channels} channel(s), and the pictures have {seen.shape[-1]}"
            )
        images = seen.unflatten(-2, size).movedim(-1, -3).reshape(-1, seen.shape[-1], *size)
        try:
            with Activations(model.network, [OUTPUT]) as look:
                found = model.seen(look, images)[OUTPUT]
        except LayerError as error:
            raise InputError(
                f"goal.model: {model.name}: {error}; a classifier answers with one tensor, or calls one of them logits"
            ) from error
        except Exception as error:  # whatever a user's network has to say against its input
            raise InputError(
                f"goal.model: {model.name} does not take pictures of {size[0]} x {size[1]} ({first_line(error)});"
                f" goal.model.resize=true resamples them to its {model.size[0]} x {model.size[1]}"
            ) from error
        if found.ndim != 2:
            raise InputError(
                f"goal.model: {model.name} answers {list(found.shape)}, and not one number for each class"
            )
        return found.view(*seen.shape[:-2], -1)

    def of_class(self, likelihoods: Float[Tensor, "*n classes"]) -> Float[Tensor, "*n"]:
        """log p of the class."""
        return likelihoods.gather(-1, self.places_of_class(likelihoods))[..., 0]

    def places_of_class(self, likelihoods: Float[Tensor, "*n classes"]) -> Int[Tensor, "*n 1"]:
        return self.wanted[:, None].expand(*likelihoods.shape[:-1], 1)

    def losses(self, seen: Float[Tensor, "m k t n p c"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t n"]:
        found = self.answers(seen).log_softmax(-1)
        if self.change == "raise":
            return -self.of_class(found)
        return -found.scatter(-1, self.places_of_class(found), -torch.inf).logsumexp(-1)

    def scores(self, seen: Float[Tensor, "m k t n p c"]) -> dict[str, Float[Tensor, "m k t n"]]:
        """The probability of the class, and whether the classifier's mind is changed."""
        found = self.answers(seen).log_softmax(-1)
        there = found.argmax(-1).eq(self.wanted)
        return {
            "probability": self.of_class(found).exp(),
            "succeeded": (there if self.change == "raise" else ~there).float(),
        }

    @torch.no_grad()
    def exhibit(self, shown: Float[Tensor, "k n p c"], told: Sequence[Sequence[str]]) -> list[list[Shown]]:
        """Each picture and what it became, with what the classifier takes either for."""
        after = self.answers(shown.to(self.wanted.device)).log_softmax(-1)
        return [
            [
                (self.pictures.values[n].numpy(), f"{name}: {self.verdict(self.before[n])}"),
                (self.picture(shown[k, n]), f"{self.verdict(after[k, n])}, {told[k][n]}"),
            ]
            for k in range(self.cases)
            for n, name in enumerate(self.pictures.names)
        ]

    def verdict(self, likelihoods: Float[Tensor, "classes"]) -> str:
        """`coffee 0.98`."""
        likeliest = int(likelihoods.argmax())
        return f"{self.called(likeliest)} {likelihoods[likeliest].exp():.2f}"
