"""Terms: the scores that an objective is a sum of; each gives every image a number."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, normalize

Seen = Mapping[str, Tensor]  # by layer: [n, channels, …], or [n, tokens, channels] of transformers

LEAST_COSINE = 0.1


class Term(ABC):
    """A score of images [n, c, h, w] and of what a network's `layers` answer to them, -> [n].

    `units` are those of several images, one each, by turns through the batch; none where all images are treated alike.
    `answers`: whether it says how a network answers to one image by itself, and not what the image or a batch is like.
    """

    layers: Sequence[str] = ()
    units: Sequence[int] = ()
    answers: bool = True

    @abstractmethod
    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]: ...


class Channel(Term):
    """The mean of a channel over space; of a layer without space the unit itself: `layer4:12`, `logits:207`.

    Raises:
        ValueError: a unit that the layer does not have, once it has answered.
    """

    def __init__(self, layer: str, units: Sequence[int]) -> None:
        self.layers = [layer]
        self.units = units

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return self.select(seen).unsqueeze(-1).flatten(1).mean(1)

    def select(self, seen: Seen) -> Float[Tensor, "n ..."]:
        """Each image's unit, wherever it looks."""
        channels = count_units(self.layers[0], seen[self.layers[0]])
        answer = channels_first(seen[self.layers[0]])
        n = len(answer)
        if max(self.units) >= channels:
            raise ValueError(f"{self.layers[0]} has the units 0 to {channels - 1}, and no {max(self.units)}")
        return answer[torch.arange(n), [self.units[i % len(self.units)] for i in range(n)]]


class Neuron(Channel):
    """A channel at the middle of the image alone: `neuron(layer4:12)`; of a transformer's tokens [n, k, c] at the middle of the
    largest square that they hold, behind those that stand for no place."""

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        chosen = self.select(seen)
        if chosen.ndim == 2:
            side = math.isqrt(chosen.shape[1])
            chosen = chosen[:, -(side**2) :].unflatten(1, (side, side))
        for _ in range(chosen.ndim - 1):
            chosen = chosen.select(1, chosen.shape[1] // 2)
        return chosen


class Direction(Term):
    """mean over space of a . v / |v| * max(0.1, cosine(a, v))^power, with the layer's answer a and a direction v.

    A power above 0 asks for that direction and no other (Lucid's dot product times cosine).

    Raises:
        ValueError: a direction that has not the layer's channels, or no length; a negative power.
    """

    def __init__(self, layer: str, direction: Float[Tensor, "channels"], power: float) -> None:
        if power < 0 or not direction.norm() > 0:
            raise ValueError("direction needs a length above 0, and a power of at least 0")
        self.layers = [layer]
        self.direction = normalize(direction, dim=0)
        self.power = power

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        answer = positions(seen[self.layers[0]])
        if answer.shape[1] != len(self.direction):
            raise ValueError(
                f"{self.layers[0]} has {answer.shape[1]} channels; the direction has {len(self.direction)}"
            )
        along = torch.einsum("nck,c->nk", answer, self.direction.to(answer))
        if self.power:
            cosine = along / answer.norm(dim=1).clamp_min(torch.finfo(answer.dtype).eps)
            along = along * cosine.clamp_min(LEAST_COSINE) ** self.power
        return along.mean(1)


class Layer(Term):
    """The mean of everything a layer answers: `layer(layer3)`."""

    def __init__(self, layer: str) -> None:
        self.layers = [layer]

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return seen[self.layers[0]].flatten(1).mean(1)


class DeepDream(Term):
    """The mean square of everything a layer answers: `deepdream(layer3)`."""

    def __init__(self, layer: str) -> None:
        self.layers = [layer]

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return seen[self.layers[0]].flatten(1).square().mean(1)


class Diversity(Term):
    """- mean over the other images j of <G_i, G_j>, G the Gram matrix of a layer's channels, of length 1.

    0 where all look different, -1 where all look alike (Olah et al. 2017): `10*diversity(layer3)`.

    Raises:
        ValueError: a single image.
    """

    answers = False

    def __init__(self, layer: str) -> None:
        self.layers = [layer]

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        answer = positions(seen[self.layers[0]])
        if len(answer) < 2:
            raise ValueError("diversity is one of several images; ask for two at least")
        gram = normalize((answer @ answer.mT).flatten(1), dim=1)
        alike = gram @ gram.T
        return -(alike.sum(1) - alike.diagonal()) / (len(answer) - 1)


class Variation(Term):
    """tv: the mean absolute difference of neighbouring pixels, along rows plus along columns."""

    answers = False

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return torch.stack([images.diff(dim=axis).abs().flatten(1).mean(1) for axis in (2, 3)]).sum(0)


class Absolute(Term):
    """l1: the mean distance from middle grey, 1/2."""

    answers = False

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return (images - 0.5).abs().flatten(1).mean(1)


class Square(Term):
    """l2: the mean squared distance from middle grey, 1/2."""

    answers = False

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return (images - 0.5).square().flatten(1).mean(1)


class Roughness(Term):
    """blur: the mean squared difference from the image blurred over 3 x 3 pixels, which is no target of slopes itself."""

    answers = False

    def __call__(self, seen: Seen, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        smooth = avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False).detach()
        return (images - smooth).square().flatten(1).mean(1)


def count_units(layer: str, answer: Float[Tensor, "n ..."]) -> int:
    """How many units an answer has.

    Raises:
        ValueError: an answer of one number for each image.
    """
    if answer.ndim < 2:
        raise ValueError(f"{layer} answers one number for each image, and has no units; take layer({layer})")
    return channels_first(answer).shape[1]


def channels_first(answer: Float[Tensor, "n ..."]) -> Float[Tensor, "n c ..."]:
    """[n, c, …]; transformers answer with [n, tokens, c]."""
    return answer.mT if answer.ndim == 3 else answer


def positions(answer: Float[Tensor, "n ..."]) -> Float[Tensor, "n c k"]:
    """The same at k places; without space there is one."""
    return channels_first(answer).flatten(2) if answer.ndim > 2 else answer[..., None]
