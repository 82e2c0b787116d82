"""Activations: what a network's layers answer to images, without a trace left in the network."""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.errors import suggest

OUTPUT = "logits"  # the name of what the whole network answers
LEAK = 0.1  # of a slope, that a leaky ReLU lets through where it is off

Seen = dict[str, Tensor]


class Activations:
    """`with Activations(model, ["layer4"]) as look: look(images)["layer4"]`; `logits` is the model's own answer.

    Within, the model evaluates (no dropout, batch statistics as trained), its parameters want no gradients, and no
    module works in place, so that an answer is that of the layer and not of the next. After it, also after an error, all
    is as it was: hooks, modes, gradients.

    `leaky()` lets slopes through rectifiers that are off, of which an image that excites nothing would else get none.

    Raises:
        ValueError: a layer that the model does not have.
    """

    def __init__(self, model: nn.Module, layers: Collection[str]) -> None:
        names = {name for name, _ in model.named_modules() if name}
        for layer in layers:
            if layer not in names and layer != OUTPUT:
                raise ValueError(f"{type(model).__name__} has no layer {layer}{suggest(layer, [*names, OUTPUT])}")
        self.model = model
        self.layers = [layer for layer in dict.fromkeys(layers) if layer in names]
        self.seen: Seen = {}

    def __enter__(self) -> "Activations":
        with ExitStack() as stack:
            for module in self.model.modules():
                remember(stack, module, "training", False)
                if isinstance(getattr(module, "inplace", None), bool):
                    remember(stack, module, "inplace", False)
            for parameter in self.model.parameters():
                remember(stack, parameter, "requires_grad", False)
            for layer in self.layers:
                stack.callback(self.model.get_submodule(layer).register_forward_hook(self.note(layer)).remove)
            stack.callback(self.seen.clear)
            self.undo = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undo.close()

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Seen:
        """What each layer answers, [n, …].

        Raises:
            ValueError: a layer that the model did not come by, that answers with no tensor, or not once for each image.
        """
        self.seen.clear()
        answer = self.model(images)
        for layer in self.layers:
            if not isinstance(self.seen.get(layer), Tensor):
                answered = type(self.seen[layer]).__name__ if layer in self.seen else "nothing"
                raise ValueError(f"layer {layer} answers with {answered}, not with a tensor")
            if len(self.seen[layer]) != len(images):
                raise ValueError(f"layer {layer} answers {len(self.seen[layer])} times for {len(images)} image(s)")
        return {**self.seen, OUTPUT: answer} if OUTPUT not in self.seen else dict(self.seen)

    def note(self, layer: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            self.seen[layer] = output

        return hook

    def leaky(self) -> ExitStack:
        """`with look.leaky(): …`: rectifiers (nn.ReLU) answer as ever, with slopes of 0.1 where they are off."""
        with ExitStack() as stack:
            for module in self.model.modules():
                if isinstance(module, nn.ReLU):
                    stack.callback(module.register_forward_hook(leak, prepend=True).remove)  # before it is noted
            return stack.pop_all()


def leak(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
    """The rectifier's answer, with the slope of a leaky one."""
    sloped = torch.where(inputs[0] > 0, inputs[0], LEAK * inputs[0])
    return output.detach() + sloped - sloped.detach()


def remember(stack: ExitStack, owner: Any, name: str, value: object) -> None:
    """Set an attribute, until the stack is undone."""
    stack.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)


@torch.no_grad()
def layer_shapes(model: nn.Module, size: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Every layer that answers with a tensor to an image of this size [c, h, w], in the order of their answers, and the
    answer's shape without its batch axis; `logits`, the model's own answer, comes last."""
    names = [name for name, _ in model.named_modules() if name]
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    with Activations(model, names) as look:
        answer = look.model(torch.zeros(1, *size, device=device))
        answers = look.seen if OUTPUT in look.seen else {**look.seen, OUTPUT: answer}
        return {name: tuple(seen.shape[1:]) for name, seen in answers.items() if isinstance(seen, Tensor)}
