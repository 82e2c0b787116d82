"""Activations: the answers of a network's layers to images; the network is left as it was."""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from fieldlab.classifiers.answers import LayerError, pick, tensors_in
from fieldlab.errors import suggest

OUTPUT = "logits"  # the name of what the whole network answers
LEAK = 0.1  # of a slope, that a leaky ReLU lets through where it is off

Seen = dict[str, Tensor]


class Activations:
    """`with Activations(model, ["layer4"]) as look: look(images)["layer4"]`; `logits` is the model's own answer.

    Of a layer that answers with several tensors `layer.name` or `layer.0` is one. A layer that is asked several times for
    the same images shows its last answer.

    Within, the model evaluates (no dropout, batch statistics as trained), and its parameters want no gradients. What is
    written into an answer later, by whatever works in place, does not reach what is shown. After it, also after an error, all
    is as it was: hooks, modes, gradients.

    `leaky()` lets slopes through rectifiers that are off, of which an image that excites nothing would else get none.

    Raises:
        LayerError: a layer that the model does not have.
    """

    def __init__(self, model: nn.Module, layers: Collection[str]) -> None:
        self.model = model
        self.names = [name for name, _ in named_layers(model)]
        self.asked = {layer: self.locate(layer) for layer in layers}
        self.seen: dict[str, Seen] = {}  # of each module all its tensors

    def locate(self, layer: str) -> tuple[str, str]:
        """The module that a layer's name stands for or begins with, and the rest, the name of one of its tensors."""
        module, names = layer, {*self.names, OUTPUT}
        while module not in names:
            if "." not in module:
                raise self.explain_unknown(layer)
            module = module.rpartition(".")[0]
        return module, layer[len(module) + 1 :]

    def explain_unknown(self, layer: str) -> LayerError:
        """The error for a layer that the model does not have."""
        hidden = any(isinstance(module, torch.jit.ScriptModule) for module in self.model.modules())
        why = " (those of TorchScript cannot be seen, only what it answers)" if hidden else ""
        return LayerError(
            f"{type(self.model).__name__} has no layer {layer}{why}{suggest(layer, [*self.names, OUTPUT])}"
        )

    def __enter__(self) -> "Activations":
        with ExitStack() as stack:
            evaluate(stack, self.model)
            for name in {module for module, _ in self.asked.values()} & {*self.names}:
                stack.callback(self.model.get_submodule(name).register_forward_hook(self.make_hook(name)).remove)
            stack.callback(self.seen.clear)
            self.undo = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undo.close()

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Seen:
        """The answers of the layers, [n, …].

        Raises:
            LayerError: a layer that the model did not call, that answers with no tensor or with several, with whole numbers,
                or not once for each image.
        """
        self.seen.clear()
        answer = self.model(images)
        if OUTPUT not in self.names:
            self.seen[OUTPUT] = tensors_in(answer)
        return {layer: self.read(layer, len(images)) for layer in self.asked}

    def read(self, layer: str, images: int) -> Float[Tensor, "n ..."]:
        """The answer of a layer, checked to be one for each image."""
        module, name = self.asked[layer]
        if module not in self.seen:
            raise LayerError(f"layer {module} is not called for these images")
        found = self.seen[module]
        if name and found.keys() <= {""}:
            raise self.explain_unknown(layer)
        if name and name not in found:
            raise LayerError(f"layer {module} answers with no {name}{suggest(name, found)}")
        answer = found[name] if name else pick(layer, found)
        if not answer.is_floating_point():
            raise LayerError(f"layer {layer} answers with {answer.dtype}, and only real numbers have slopes")
        if answer.shape[:1] != (images,):
            times = f"{len(answer)} times" if answer.ndim else "with a single number"
            raise LayerError(f"layer {layer} answers {times} for {images} image(s)")
        return answer

    def make_hook(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        """A forward hook that keeps the answers of the module of this name."""

        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            # copies: the network goes on with the answer itself, and may write into it
            self.seen[name] = {key: tensor.clone() for key, tensor in tensors_in(output).items()}

        return hook

    def leaky(self) -> ExitStack:
        """`with look.leaky(): …`: rectifiers (nn.ReLU) answer as ever, with slopes of 0.1 where they are off."""
        with ExitStack() as stack:
            for module in self.model.modules():
                if isinstance(module, nn.ReLU) and type(module).forward is nn.ReLU.forward:
                    module.forward = partial(leak, module)
                    stack.callback(vars(module).pop, "forward")
            return stack.pop_all()


def leak(rectifier: nn.ReLU, input: Tensor) -> Tensor:
    """The forward pass of a rectifier, with the slopes of a leaky one."""
    return LeakyRectifier.apply(input, rectifier.inplace)  # type: ignore[return-value]


class LeakyRectifier(torch.autograd.Function):
    """The answer of a rectifier, with the slopes of a leaky one."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, inplace: bool) -> Tensor:
        ctx.save_for_backward(x > 0)
        if not inplace:
            return x.relu()
        ctx.mark_dirty(x)
        return x.relu_()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        [on] = ctx.saved_tensors
        return torch.where(on, slopes, LEAK * slopes), None


def named_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The layers whose answers can be seen, by name: TorchScript calls its own out of sight."""
    for name, module in model.named_modules():
        if name and not isinstance(module, torch.jit.ScriptModule):
            yield name, module


def evaluate(stack: ExitStack, model: nn.Module) -> None:
    """Switch the model to evaluation, with parameters that want no gradients, until the stack is closed."""
    for module in model.modules():
        if isinstance(getattr(module, "training", None), bool):  # frozen TorchScript has no modes
            set_attribute(stack, module, "training", False)
    for parameter in model.parameters():
        set_attribute(stack, parameter, "requires_grad", False)


def device_of(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def set_attribute(stack: ExitStack, owner: Any, name: str, value: object) -> None:
    """Set an attribute, until the stack is closed."""
    stack.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)


@torch.no_grad()
def layer_shapes(model: nn.Module, size: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """The shape of every layer's answer to an image of this size [c, h, w], without its batch axis, in the order of the answers.

    Of several tensors each has its own name. `logits`, the model's own answer, comes last.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def note(layer: str, *answered: Any) -> None:
        for name, tensor in tensors_in(answered[-1]).items():
            shapes[f"{layer}.{name}".rstrip(".")] = tuple(tensor.shape[1:])

    with ExitStack() as stack:
        evaluate(stack, model)
        for layer, module in named_layers(model):
            stack.callback(module.register_forward_hook(partial(note, layer)).remove)
        answer = model(torch.zeros(1, *size, device=device_of(model)))
        if OUTPUT not in dict(named_layers(model)):
            note(OUTPUT, answer)
    return shapes
