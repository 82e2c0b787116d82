"""Pretrained networks: of torchvision, of timm, and a user's own checkpoint."""

import importlib
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from fieldlab.classifiers.activations import layer_shapes
from fieldlab.classifiers.model import Model
from fieldlab.classifiers.parameters import is_torchscript, load_parameters
from fieldlab.config.files import File
from fieldlab.errors import InputError, first_line, suggest
from fieldlab.imports import TORCHVISION


def torchvision(*, name: str, weights: str | None, resize: bool, channels_last: bool, judge: Model | None) -> Model:
    """`torchvision.models.get_model(name, weights)`, normalised as its weights say; weights None: random parameters.

    Raises:
        InputError: torchvision is not installed, knows no such network or weights, or cannot fetch them.
    """
    models = import_package("torchvision").models
    if name not in models.list_models():
        raise InputError(f"model.name: torchvision has no network {name}{suggest(name, models.list_models())}")
    known = models.get_model_weights(name)
    if weights is not None and weights not in known.__members__:
        raise InputError(f"model.weights: {name} has no weights {weights}{suggest(weights, known.__members__)}")
    described: Any = known[weights] if weights is not None else known["DEFAULT"]
    seen = described.transforms()
    side = getattr(seen, "crop_size", None) or getattr(
        seen, "resize_size", None
    )  # the latter where it answers with maps
    if side is None or len(side) != 1 or not hasattr(seen, "mean"):
        raise InputError(f"model.name: {name} does not see single pictures as they are")
    takes = inspect.signature(models.get_model_builder(name)).parameters
    unknown = {key: None for key in ("weights", "weights_backbone") if key in takes}
    chosen = unknown if weights is None else {"weights": described}
    network = fetch(lambda: models.get_model(name, **chosen))
    [side] = side
    labels = described.meta.get("categories", ()) if weights is not None else ()
    return Model(name, network, 3, (side, side), seen.mean, seen.std, resize, channels_last, labels, judge)


def timm(*, name: str, pretrained: bool, resize: bool, channels_last: bool, judge: Model | None) -> Model:
    """`timm.create_model(name, pretrained)`, normalised as its own configuration says.

    Raises:
        InputError: timm is not installed, knows no such network, or cannot fetch its parameters.
    """
    package = import_package("timm")
    if not package.is_model(name):
        raise InputError(f"model.name: timm has no network {name}{suggest(name, package.list_models())}")
    network = fetch(lambda: package.create_model(name, pretrained=pretrained))
    seen: Any = network.pretrained_cfg
    channels, *size = seen["input_size"]
    return Model(
        name, network, channels, (size[0], size[1]), seen["mean"], seen["std"], resize, channels_last, judge=judge
    )


def checkpoint(
    *,
    name: str | None,
    network: Any,
    path: File | None,
    channels: int,
    size: Sequence[int],
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    resize: bool,
    channels_last: bool,
    labels: Sequence[str],
    judge: Model | None,
) -> Model:
    """Any module that takes images [n, channels, h, w], with the parameters from a file (.pt or .safetensors), if given; a
    file of TorchScript is a module by itself.

    Without mean and std images come in [0, 1]. The name is the file's by default.

    Raises:
        InputError: a file that is missing, is no checkpoint, or is that of another network.
    """
    if len(size) != 2:
        raise InputError(f"model.size: {list(size)} should be [ROWS, COLUMNS]")
    file = None if path is None else Path(path).expanduser()
    if network is None:
        network = load_torchscript(file)
    elif not isinstance(network, nn.Module):
        raise InputError(f"model.network: should be a torch.nn.Module, not a {type(network).__name__}")
    else:
        give_shapes(network, (channels, *size))
        if file is not None:
            load_parameters(network, file)
    named = name or (file.stem if file is not None else type(network).__name__)
    return Model(
        named,
        network,
        channels,
        (size[0], size[1]),
        mean or [0] * channels,
        std or [1] * channels,
        resize,
        channels_last,
        labels,
        judge,
    )


def load_torchscript(file: Path | None) -> nn.Module:
    """The network in a file of TorchScript.

    Raises:
        InputError: no such file.
    """
    if file is not None and file.is_file() and is_torchscript(file):
        return torch.jit.load(file, "cpu")
    raise InputError(
        'model.network: needs a value, for example "model.network={_target_: mine.Net}"; only a model.path of TorchScript'
        " is a network by itself"
    )


def give_shapes(network: nn.Module, size: tuple[int, ...]) -> None:
    """Show lazy modules an image, [c, h, w], so that they have parameters."""
    if any(map(is_lazy, network.parameters())):
        layer_shapes(network, size)


def import_package(package: str) -> Any:
    """A package of the extra [vision]; timm imports torchvision too.

    Raises:
        InputError: a package that cannot be imported.
    """
    if fault := TORCHVISION.find_fault():
        raise InputError(f"model: {fault}")
    try:
        return importlib.import_module(package)
    except (ImportError, RuntimeError) as error:
        raise InputError(
            f"model: {package} cannot be used ({first_line(error)}); pip install 'fieldlab[vision]'"
        ) from error


def fetch(make: Any) -> nn.Module:
    """The network that `make` returns, which may download its parameters.

    Raises:
        InputError: parameters that cannot be downloaded.
    """
    try:
        return make()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"model: its parameters cannot be fetched ({first_line(error)[:160]})") from error
