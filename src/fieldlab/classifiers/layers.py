"""Layers of a model: their answers to images of its size, and whether slopes lead back to these."""

import functools
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import torch

from fieldlab.classifiers.activations import Activations, Seen, device_of, layer_shapes
from fieldlab.classifiers.answers import LayerError
from fieldlab.classifiers.model import Model
from fieldlab.errors import InputError, first_line

KEPT = 4  # models and layers that have been checked


@functools.lru_cache(maxsize=KEPT)
def check_slopes(model: Model, layers: tuple[str, ...]) -> None:
    """Check that slopes lead from the answers of these layers back to an image.

    Raises:
        InputError: a layer that cannot be seen, or that no image can be found for by its slopes.
    """
    try:
        look_at_grey(model, layers)
    except LayerError as error:
        raise InputError(f"objective: {error}") from error


def look_at_grey(model: Model, layers: Collection[str]) -> Seen:
    """The answers of these layers to two grey images of the size that the model was made for.

    Raises:
        LayerError: a layer that cannot be seen, or has no slopes.
        InputError: a model that does not take such images.
    """
    images = torch.full((2, model.channels, *model.size), 0.5, device=device_of(model.network)).requires_grad_()
    with torch.enable_grad(), Activations(model.network, layers) as look:
        with report_refusal(model):
            seen = model.observe(look, images)
        for layer, answer in seen.items():
            try:
                torch.autograd.grad(answer.sum(), images, retain_graph=True)
            except RuntimeError as error:
                raise LayerError(f"layer {layer} has no slopes ({first_line(error)[:160]})") from error
    return seen


@contextmanager
def report_refusal(model: Model) -> Iterator[None]:
    """Report an error of a user's network about images of the size that it was made for as an InputError."""
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
    """The shapes of all layers' answers, `logits` among them, to an image of the size that the model was made for.

    Raises:
        InputError: a model that does not take such images.
    """
    with report_refusal(model):
        return layer_shapes(model.network, (model.channels, *model.size))
