"""Answers: the tensors in whatever a layer answers with, by name."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from fieldlab.notices import say_once

MEANT = ("logits", "out")  # what transformers and torchvision call the one among several that a network is for


class LayerError(ValueError):
    """A layer that cannot be seen: one line that names it and those that can be."""


def tensors_in(answer: object) -> dict[str, Tensor]:
    """The tensors in nested dictionaries, tuples, lists and data classes by their paths, `out`, `hidden_states.3`; a tensor
    itself has the name ''."""
    if isinstance(answer, Tensor):
        return {"": answer}
    found = ((key, *item) for key, part in parts(answer) for item in tensors_in(part).items())
    return {f"{key}.{name}" if name else str(key): tensor for key, name, tensor in found}


def parts(answer: object) -> Iterable[tuple[Any, object]]:
    """The keys and values in an answer; none where it is no container."""
    match answer:
        case Mapping():
            return answer.items()
        case tuple() if isinstance(fields := getattr(answer, "_fields", None), tuple):  # a named tuple
            return zip(fields, answer, strict=True)
        case tuple() | list():
            return enumerate(answer)
    return vars(answer).items() if dataclasses.is_dataclass(answer) and not isinstance(answer, type) else []


def pick(layer: str, found: Mapping[str, Tensor]) -> Tensor:
    """The only tensor that a layer answers with, or the main one of several.

    Raises:
        LayerError: none, or several of which none is called so.
    """
    if not found:
        raise LayerError(f"layer {layer} answers with no tensor")
    if len(found) == 1:
        return next(iter(found.values()))
    shapes = ", ".join(f"{layer}.{name} {list(tensor.shape[1:])}" for name, tensor in found.items())
    meant = next((name for name in MEANT if name in found), None)
    if meant is None:
        raise LayerError(f"layer {layer} answers with several tensors; name one of {shapes}")
    say_once(f"layer {layer} is taken for {layer}.{meant}; there are {shapes}")
    return found[meant]
