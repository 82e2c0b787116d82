"""Adversarial: rolls that change the answer of a classifier."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fieldlab.classifiers.activations import OUTPUT, Activations
from fieldlab.classifiers.answers import LayerError
from fieldlab.classifiers.model import Model
from fieldlab.errors import InputError, first_line, suggest
from fieldlab.tasks.roll.goals.goal import CaptionedImage, Goal, Pictures


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
        wanted = answers.argmax(-1) if label is None else torch.full((len(answers),), self.find_class(label))
        self.register_buffer("wanted", wanted)

    def _apply(self, fn: object, *arguments: object) -> "Adversarial":
        """Move the goal, and its model with it."""
        super()._apply(fn, *arguments)  # type: ignore[arg-type]
        self.model.to(self.wanted.device)
        return self

    def find_class(self, label: str | int) -> int:
        """The class of this name or number."""
        labels = list(map(str, self.model.labels))
        if isinstance(label, str) and label in labels:
            return labels.index(label)
        if type(label) is int and 0 <= label < self.before.shape[-1]:
            return label
        known = labels or [f"0 to {self.before.shape[-1] - 1}"]
        raise InputError(f"goal.label: {self.model.name} knows no class {label}{suggest(str(label), known)}")

    def name_class(self, number: int) -> str:
        """The label of a class, or its number where there are no labels."""
        return str(self.model.labels[number]) if self.model.labels else str(number)

    def answers(self, seen: Float[Tensor, "*n p c"]) -> Float[Tensor, "*n classes"]:
        """The classifier's answers to whole pictures.

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
                found = model.observe(look, images)[OUTPUT]
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

    def log_likelihood(self, likelihoods: Float[Tensor, "*n classes"]) -> Float[Tensor, "*n"]:
        """log p of the wanted class."""
        return likelihoods.gather(-1, self.class_index(likelihoods))[..., 0]

    def class_index(self, likelihoods: Float[Tensor, "*n classes"]) -> Int[Tensor, "*n 1"]:
        """The number of the wanted class for every answer."""
        return self.wanted[:, None].expand(*likelihoods.shape[:-1], 1)

    def losses(self, seen: Float[Tensor, "m k t n p c"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t n"]:
        found = self.answers(seen).log_softmax(-1)
        if self.change == "raise":
            return -self.log_likelihood(found)
        return -found.scatter(-1, self.class_index(found), -torch.inf).logsumexp(-1)

    def scores(self, seen: Float[Tensor, "m k t n p c"]) -> dict[str, Float[Tensor, "m k t n"]]:
        """The probability of the class, and whether the classifier's answer has changed as wanted."""
        found = self.answers(seen).log_softmax(-1)
        there = found.argmax(-1).eq(self.wanted)
        return {
            "probability": self.log_likelihood(found).exp(),
            "succeeded": (there if self.change == "raise" else ~there).float(),
        }

    @torch.no_grad()
    def arrange(
        self, images: Float[Tensor, "k n p c"], captions: Sequence[Sequence[str]]
    ) -> list[list[CaptionedImage]]:
        """A row for each picture and its roll, with the classifier's answers to both."""
        after = self.answers(images.to(self.wanted.device)).log_softmax(-1)
        return [
            [
                (self.pictures.values[n].numpy(), f"{name}: {self.format_answer(self.before[n])}"),
                (self.picture(images[k, n]), f"{self.format_answer(after[k, n])}, {captions[k][n]}"),
            ]
            for k in range(self.cases)
            for n, name in enumerate(self.pictures.names)
        ]

    def format_answer(self, likelihoods: Float[Tensor, "classes"]) -> str:
        """The likeliest class and its probability: `coffee 0.98`."""
        likeliest = int(likelihoods.argmax())
        return f"{self.name_class(likeliest)} {likelihoods[likeliest].exp():.2f}"
