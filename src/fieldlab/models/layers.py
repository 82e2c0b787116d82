"""Layers: those of a model, what they answer to images of its size, and whether slopes lead back to these."""

import functools
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import torch

from fieldlab.errors import InputError, first_line
from fieldlab.models.activations import Activations, Seen, device_of, layer_shapes
from fieldlab.models.answers import LayerError
from fieldlab.models.model import Model

KEPT = 4  # models and layers that have been checked


@functools.lru_cache(maxsize=KEPT)
def check_slopes(model: Model, layers: tuple[str, ...]) -> None:
    """Whether there are slopes from what these layers answer back to an image.

    Raises:
        InputError: a layer that cannot be seen, or that no image can be found for by its slopes.
    """
    try:
        look_at_grey(model, layers)
    except LayerError as error:
        raise InputError(f"objective: {error}") from error


def look_at_grey(model: Model, layers: Collection[str]) -> Seen:
    """What these layers answer to two grey images of the size that the model was made for.

    Raises:
        LayerError: a layer that cannot be seen, or has no slopes.
        InputError: a model that does not take such images.
    """
    images = torch.full((2, model.channels, *model.size), 0.5, device=device_of(model.network)).requires_grad_()
    with torch.enable_grad(), Activations(model.network, layers) as look:
        with refusing(model):
            seen = model.seen(look, images)
        for layer, answer in seen.items():
            try:
                torch.autograd.grad(answer.sum(), images, retain_graph=True)
            except RuntimeError as error:
                raise LayerError(f"layer {layer} has no slopes ({first_line(error)[:160]})") from error
    return seen


@contextmanager
def refusing(model: Model) -> Iterator[None]:
    """Whatever a user's network has to say against images of the size that it was made for, as an InputError."""
    try:
        yield
    except LayerError:
        raise
    except Exception as error:
        size = " x ".join(map(str, (model.channels, *model.size)))
        raise InputError(
            f"model: {model.name} does not take images of {size} ({type(error).__name__}: {first_line(error)});"
            " model.channels and model.size say what it was made for"
        ) from error


def shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """What every layer answers, `logits` among them, to an image of the size that the model was made for.

    Raises:
        InputError: a model that does not take such images.
    """
    with refusing(model):
        return layer_shapes(model.network, (model.channels, *model.size))
