"""Pretrained networks: of torchvision, of timm, and a user's own checkpoint."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from fieldlab.errors import InputError, first_line, suggest
from fieldlab.imports import TORCHVISION
from fieldlab.models.model import Model

NAMED_STATE = ("state_dict", "model", "model_state_dict")  # what training scripts call the parameters in their files
MOST_NAMED = 3


def torchvision(*, name: str, weights: str | None, resize: bool, channels_last: bool, judge: Model | None) -> Model:
    """`torchvision.models.get_model(name, weights)`, normalised as its weights say; weights None: random parameters.

    Raises:
        InputError: torchvision is not installed, knows no such network or weights, or cannot fetch them.
    """
    models = installed("torchvision").models
    if name not in models.list_models():
        raise InputError(f"model.name: torchvision has no network {name}{suggest(name, models.list_models())}")
    known = models.get_model_weights(name)
    if weights is not None and weights not in known.__members__:
        raise InputError(f"model.weights: {name} has no weights {weights}{suggest(weights, known.__members__)}")
    described: Any = known[weights] if weights is not None else known["DEFAULT"]
    network = fetched(lambda: models.get_model(name, weights=None if weights is None else described))
    seen = described.transforms()
    [side] = seen.crop_size
    labels = described.meta.get("categories", ()) if weights is not None else ()
    return Model(name, network, 3, (side, side), seen.mean, seen.std, resize, channels_last, labels, judge)


def timm(*, name: str, pretrained: bool, resize: bool, channels_last: bool, judge: Model | None) -> Model:
    """`timm.create_model(name, pretrained)`, normalised as its own configuration says.

    Raises:
        InputError: timm is not installed, knows no such network, or cannot fetch its parameters.
    """
    package = installed("timm")
    if not package.is_model(name):
        raise InputError(f"model.name: timm has no network {name}{suggest(name, package.list_models())}")
    network = fetched(lambda: package.create_model(name, pretrained=pretrained))
    seen: Any = network.pretrained_cfg
    channels, *size = seen["input_size"]
    return Model(
        name, network, channels, (size[0], size[1]), seen["mean"], seen["std"], resize, channels_last, judge=judge
    )


def checkpoint(
    *,
    name: str | None,
    network: nn.Module,
    path: str | None,
    channels: int,
    size: Sequence[int],
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    resize: bool,
    channels_last: bool,
    labels: Sequence[str],
    judge: Model | None,
) -> Model:
    """Any module that takes images [n, channels, h, w], with the parameters from a file (.pt or .safetensors), if given.

    Without mean and std images come in [0, 1]. The name is the file's by default.

    Raises:
        InputError: a file that is missing, is no checkpoint, or is that of another network.
    """
    if len(size) != 2:
        raise InputError(f"model.size: {list(size)} should be [ROWS, COLUMNS]")
    if path is not None:
        load_parameters(network, Path(path).expanduser())
    named = name or (Path(path).stem if path is not None else type(network).__name__)
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


def load_parameters(network: nn.Module, file: Path) -> None:
    """Give the network the parameters in a file."""
    if not file.is_file():
        raise InputError(f"model.path: there is no file {file}")
    try:
        stored = load_file(file) if file.suffix == ".safetensors" else torch.load(file, "cpu", weights_only=True)
    except Exception as error:  # whatever torch makes of any file
        raise InputError(
            f"model.path: {file} is no checkpoint of parameters ({first_line(error)[:120]}); save one with"
            " torch.save(network.state_dict(), path)"
        ) from error
    for key in NAMED_STATE:
        if isinstance(stored, Mapping) and isinstance(stored.get(key), Mapping):
            stored = stored[key]
    if not isinstance(stored, Mapping) or not all(isinstance(value, torch.Tensor) for value in stored.values()):
        raise InputError(
            f"model.path: {file} holds no parameters by name; save torch.save(network.state_dict(), path)"
        )
    wanted = network.state_dict()
    for what, names in (("lacks", wanted.keys() - stored.keys()), ("has also", stored.keys() - wanted.keys())):
        if names:
            some = ", ".join(sorted(names)[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")
            raise InputError(
                f"model.path: {file} is of another network than {type(network).__name__}: it {what} {some}"
            )
    for key, value in wanted.items():
        if stored[key].shape != value.shape:
            raise InputError(
                f"model.path: {file} is of another network than {type(network).__name__}: {key} is"
                f" {list(stored[key].shape)}, and not {list(value.shape)}"
            )
    network.load_state_dict(dict(stored))


def installed(package: str) -> Any:
    """A package of the extra [vision]; timm imports torchvision too."""
    if fault := TORCHVISION.find_fault():
        raise InputError(f"model: {fault}")
    try:
        return importlib.import_module(package)
    except (ImportError, RuntimeError) as error:
        raise InputError(
            f"model: {package} cannot be used ({first_line(error)}); pip install 'fieldlab[vision]'"
        ) from error


def fetched(make: Any) -> nn.Module:
    """The network, its parameters downloaded where they are not there yet."""
    try:
        return make()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"model: its parameters cannot be fetched ({first_line(error)[:160]})") from error
