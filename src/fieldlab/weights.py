"""A fitted field on disk: weights in safetensors beside the configuration that gives them their shape."""

from collections.abc import Callable
from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from yaml import YAMLError

from fieldlab.errors import InputError
from fieldlab.field import Field, build_field, draw, name_advancing

WEIGHTS = "weights.safetensors"
CONFIG = "config.yaml"


def save(field: Field, folder: Path, *, dim: int, channels: int) -> None:
    """Write the field's parameters and buffers, and the dimensions its configuration does not know."""
    state = {name: tensor.contiguous() for name, tensor in field.state_dict().items()}
    save_file(state, folder / WEIGHTS, metadata={"dim": str(dim), "channels": str(channels)})


def load(folder: str | Path) -> Field:
    """The fitted field in a fit's folder, ready to call: canonical coordinates [*, dim] -> values [*, c].

    Raises:
        InputError: a folder without a fit, damaged weights, or weights that do not match config.yaml.
    """
    folder = Path(folder)
    if (folder / "images.npy").is_file():
        raise InputError(
            f"{folder}: is a visualisation or a roll, and no fit of a field; its images are in images.npy"
        )
    state, dim, channels = read_weights(folder)
    config = read_config(folder / CONFIG)
    field = fill(lambda: build_field(config, dim=dim, channels=channels), state, folder / WEIGHTS, CONFIG)
    return field.eval().requires_grad_(False)


def go_on(make: Callable[[], Field], folder: str | Path) -> Field:
    """The field that `make` makes with the weights in a fit's folder.

    Raises:
        InputError: a folder without a fit, damaged weights, or weights of another field.
    """
    folder = Path(folder)
    state, _, _ = read_weights(folder)
    return fill(make, state, folder / WEIGHTS, "this configuration")


def read_weights(folder: Path) -> tuple[dict[str, torch.Tensor], int, int]:
    """The parameters and buffers in a fit's folder, its axes and channels."""
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: has no {name}; is it the folder of a finished fit?")
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            sizes = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        return state, int(sizes["dim"]), int(sizes["channels"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"{folder / WEIGHTS}: is damaged or was not written by fieldlab ({error})") from error


def fill(make: Callable[[], Field], state: dict[str, torch.Tensor], file: Path, maker: str) -> Field:
    """A field as `make` makes it, with this state; `file` and `maker` are who is named where the two do not fit."""
    field, other = (draw(make, seed) for seed in (0, 1))
    expected = field.state_dict()
    for name in sorted(expected.keys() | state.keys()):
        stored = list(state[name].shape) if name in state else "absent"
        wanted = list(expected[name].shape) if name in expected else "absent"
        if stored != wanted:
            raise InputError(f"{file}: {name} is {stored}, but {maker} makes it {wanted}")
    advancing = name_advancing(field)
    for name, buffer in field.named_buffers():
        if name in advancing:
            continue
        drawn = not torch.equal(buffer, other.get_buffer(name))  # from the random state, like the rows of B
        if not drawn and not torch.equal(buffer, state[name]):
            raise InputError(f"{file}: {name} is not what {maker} makes it")
    field.load_state_dict(state)
    return field


def read_config(file: Path) -> DictConfig:
    """The node `field` of a fit's configuration."""
    try:
        config = OmegaConf.load(file)
    except (YAMLError, OmegaConfBaseException, OSError) as error:
        raise InputError(f"{file}: is damaged ({' '.join(str(error).split())})") from error
    field = config.get("field") if isinstance(config, DictConfig) else None
    if not isinstance(field, DictConfig):
        raise InputError(f"{file}: has no field in it")
    return field
