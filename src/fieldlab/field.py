"""Field: the map from coordinates to values that users compare. Ensemble: many of them in one call."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from fieldlab.config.fingerprint import is_rate
from fieldlab.config.instantiate import build, check, resolve
from fieldlab.errors import InputError

POINTS_AT_ONCE = 16_384  # evaluation goes in blocks of this many: larger ones leave the cache (1.7x slower)

T = TypeVar("T")
SETTINGS = ("name", "encoding", "network", "output", "coordinates", "values", "learning_rate")
SIZE = "size"  # the keys by which a field grows, which say nothing of what it is


@runtime_checkable
class Advances(Protocol):
    """A part of a field with buffers that training changes but does not optimise, like a mask that opens.

    They are stacked, checkpointed, saved and loaded like weights.
    """

    advancing: Sequence[str]  # the names of those buffers

    def advance(self, step: int, steps: int) -> None:
        """Make them what they are after `step` of `steps` steps; parameters and buffers may have a leading member axis."""
        ...


class Field(nn.Module):
    """Phi(x) = v(output(network(encoding(u(x))))).

    x are canonical coordinates, the unit cube of the signal; Phi(x) are canonical values, [0, 1]. u takes
    [0, 1] to the `coordinates` the field was published with, v takes the `values` it was published with to [0, 1].
    """

    def __init__(
        self,
        encoding: nn.Module,
        network: nn.Module,
        output: nn.Module,
        *,
        coordinates: tuple[float, float],
        values: tuple[float, float],
    ) -> None:
        super().__init__()
        self.encoding = encoding
        self.network = network
        self.output = output
        self.coordinates = coordinates
        self.values = values

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n c"]:
        with torch.autocast(x.device.type, enabled=False):  # 8 bits of bfloat16 cannot tell 257 pixels apart
            low, high = self.coordinates
            features = self.encoding(low + (high - low) * x)
        low, high = self.values
        return (self.output(self.network(features)).to(x.dtype) - low) / (high - low)


def build_field(config: DictConfig | Mapping[str, Any], *, dim: int, channels: int) -> Field:
    """A field from the configuration node `field`, drawn with torch's current random state.

    Raises:
        InputError: a setting that is missing, unknown, wrongly typed or out of its range.
    """
    settings = resolve(config, "field")
    for name in settings:
        if name not in (*SETTINGS, SIZE) and not is_rate(f"field.{name}"):
            raise InputError(f"field.{name}: a field has no such setting; it has {', '.join(SETTINGS)}")
    for name in SETTINGS:
        if name not in settings:
            raise InputError(f"field.{name}: a field needs this setting")
    check(settings["network"], "field.network", ("features", "channels"))
    encoding = build(settings["encoding"], "field.encoding", dim=dim)
    if not isinstance(getattr(encoding, "features", None), int):
        raise InputError("field.encoding: needs an attribute features, the number of features it makes")
    network = build(settings["network"], "field.network", features=encoding.features, channels=channels)
    return Field(
        encoding,
        network,
        build(settings["output"], "field.output"),
        coordinates=parse_interval(settings["coordinates"], "field.coordinates"),
        values=parse_interval(settings["values"], "field.values"),
    )


def parse_interval(bounds: Any, key: str) -> tuple[float, float]:
    """Two numbers, the lower one first.

    Raises:
        InputError: anything else.
    """
    numbers = isinstance(bounds, list) and all(type(bound) in (int, float) for bound in bounds)
    if not numbers or len(bounds) != 2 or not bounds[0] < bounds[1]:
        raise InputError(f"{key}: {bounds!r} should be two numbers, low before high, like [-1, 1]")
    return float(bounds[0]), float(bounds[1])


class Ensemble(nn.Module):
    """Members, fields of one structure, in one batched call: x [m, n, dim] -> [m, n, c].

    The parameters keep their names and gain a leading member axis. Points always carry it too: with
    coordinates that all members share, reverse mode would sum the slopes of all members.

    Raises:
        ValueError: fields that differ in more than the content of their parameters and buffers do not stack.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        super().__init__()
        if len({structure(field) for field in fields}) > 1:
            raise ValueError("these fields do not stack: they differ in more than the content of their tensors")
        self.members = len(fields)
        self.stacked = copy.deepcopy(fields[0])
        put_state(self.stacked, stack_state(fields))
        self.template = [copy.deepcopy(fields[0]).to("meta")]  # in a list, so that it is no submodule
        self.advanced = [part for part in self.stacked.modules() if isinstance(part, Advances)]
        self.owners = {name: find_owner(self.stacked, name) for name in shapes(fields[0])}

    def state(self) -> dict[str, Tensor]:
        """Every parameter and buffer by its name in a single field, [m, …]."""
        return {name: getattr(module, leaf) for name, (module, leaf) in self.owners.items()}

    def call(self, state: dict[str, Tensor], x: Float[Tensor, "n dim"]) -> Float[Tensor, "n c"]:
        """The values of one field with this state. Weights are not tied: looking for ties would cost more than a small step."""
        return functional_call(self.template[0], state, (x,), tie_weights=False)

    def forward(self, x: Float[Tensor, "m n dim"]) -> Float[Tensor, "m n c"]:
        if self.members == 1:  # the same step as a plain module's: vmap would cost small fields a third more
            alone = {name: tensor.squeeze(0) for name, tensor in self.state().items()}
            return self.call(alone, x.squeeze(0)).unsqueeze(0)
        return vmap(self.call)(self.state(), x)

    def advance(self, step: int, steps: int) -> None:
        """Change what training changes but does not optimise to what it is after so many steps."""
        for part in self.advanced:
            part.advance(step, steps)

    def member(self, m: int) -> Field:
        """Member m as a field of its own, on the CPU."""
        field = copy.deepcopy(self.template[0])
        alone = {name: tensor.detach()[m].cpu().clone() for name, tensor in self.state().items()}
        parameters = dict(self.stacked.named_parameters())
        put_state(field, {name: nn.Parameter(t) if name in parameters else t for name, t in alone.items()})
        return field


def shapes(field: Field) -> dict[str, torch.Size]:
    """The shapes of parameters and buffers by name."""
    return {name: tensor.shape for name, tensor in [*field.named_parameters(), *field.named_buffers()]}


def structure(field: Field) -> str:
    """A text that is the same for fields that stack: names and shapes of tensors, and every module's plain attributes."""
    plain = {
        name: {key: value for key, value in vars(module).items() if not key.startswith("_") and key != "training"}
        for name, module in field.named_modules()
    }
    return repr((shapes(field), plain, field))


def stack_state(fields: Sequence[Field]) -> dict[str, Tensor]:
    """Parameters (as parameters) and buffers of several fields, each with a leading member axis."""
    parameters, buffers = stack_module_state(list[nn.Module](fields))
    state: dict[str, Tensor] = {name: nn.Parameter(tensor.detach()) for name, tensor in parameters.items()}
    return state | buffers


def put_state(field: Field, state: Mapping[str, Tensor]) -> None:
    """Replace the field's parameters and buffers by these tensors, whatever their shapes."""
    for name, tensor in state.items():
        setattr(*find_owner(field, name), tensor)


def find_owner(field: Field, name: str) -> tuple[nn.Module, str]:
    """The submodule that holds the parameter or buffer of this name, and its name there."""
    owner, _, leaf = name.rpartition(".")
    return field.get_submodule(owner), leaf


def count_parameters(module: nn.Module) -> int:
    """The number of real parameters; a complex one counts as two."""
    return count_reals(module.parameters())


def count_stored(module: nn.Module) -> int:
    """The real numbers that are kept beside the parameters, as drawn frequencies; not those that training advances."""
    advancing = name_advancing(module)
    return count_reals(t for name, t in module.named_buffers() if is_inexact(t) and name not in advancing)


def count_reals(tensors: Iterable[Tensor]) -> int:
    """How many real numbers these are; a complex one counts as two."""
    return sum(tensor.numel() * (2 if tensor.is_complex() else 1) for tensor in tensors)


def name_advancing(module: nn.Module) -> set[str]:
    """The names of buffers that training changes but does not optimise."""
    parts = [(name, part) for name, part in module.named_modules() if isinstance(part, Advances)]
    return {f"{name}.{own}".lstrip(".") for name, part in parts for own in part.advancing}


def to_doubles(field: Field) -> Field:
    """The field in double precision, complex parameters too, of which `field.double()` would keep the real part alone."""
    return field._apply(lambda t: t.to(torch.promote_types(t.dtype, torch.float64)) if is_inexact(t) else t)


def is_inexact(tensor: Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def draw(make: Callable[[], T], seed: int) -> T:
    """What `make()` returns under this random seed on the CPU: the same on every device, alone or in a pack."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()
