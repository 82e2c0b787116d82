"""Parameters: those of a network, read from a file."""

import itertools
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from fieldlab.errors import InputError, first_line
from fieldlab.notices import say

NAMED_STATE = ("state_dict", "model", "model_state_dict")  # what training scripts call the parameters in their files
MOST_NAMED = 3


def load_parameters(network: nn.Module, file: Path) -> None:
    """Load the parameters in a file into the network, by name.

    Raises:
        InputError: a file that is missing, is no checkpoint, or is that of another network.
    """
    stored, wanted = read_parameters(file), network.state_dict()
    try:
        names = pair_names(stored, wanted)
        for name, place in names.items():
            if stored[place].shape != wanted[name].shape:
                raise ValueError(f"{place} is {list(stored[place].shape)}, and not {list(wanted[name].shape)}")
    except ValueError as error:
        raise InputError(
            f"model.path: {file} is of another network than {type(network).__name__}: {error}"
        ) from error
    name, place = next(iter(names.items()), ("", ""))
    over = sorted(stored.keys() - {*names.values()})
    if name != place or over:
        left = f"; passed over: {some_of(over)}" if over else ""
        say("model.path: %s: %s is taken for %s, and all others likewise%s", file, place, name, left)
    network.load_state_dict({name: stored[place] for name, place in names.items()})


def read_parameters(file: Path) -> Mapping[str, Tensor]:
    """The tensors in a file of torch (TorchScript, too) or of safetensors."""
    if not file.is_file():
        raise InputError(f"model.path: there is no file {file}")
    try:
        if is_torchscript(file):
            stored = torch.jit.load(file, "cpu").state_dict()
        else:
            stored = load_file(file) if file.suffix == ".safetensors" else torch.load(file, "cpu", weights_only=True)
    except Exception as error:  # whatever torch makes of any file
        held = re.search(r"GLOBAL (\S+)", str(error))  # what it does not unpickle
        reason = f"it holds {held[1]}" if held else first_line(error)[:120]
        raise InputError(
            f"model.path: {file} is no checkpoint of parameters ({reason}); save one with"
            " torch.save(network.state_dict(), path)"
        ) from error
    for key in NAMED_STATE:
        if isinstance(stored, Mapping) and isinstance(stored.get(key), Mapping):
            stored = stored[key]
    if not isinstance(stored, Mapping) or not all(isinstance(value, Tensor) for value in stored.values()):
        raise InputError(
            f"model.path: {file} holds no parameters by name; save torch.save(network.state_dict(), path)"
        )
    return stored


def is_torchscript(file: Path) -> bool:
    """Whether a file is a network of TorchScript: an archive with constants beside its parameters."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def pair_names(stored: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """The name in a file of each of a network's parameters.

    A prefix that all names on one side have may be missing on the other: `module.` of DataParallel, `_orig_mod.` of a compiled
    module. Where a file holds more than the network, the network's names are those below the one prefix that has just these:
    `model.` of a Lightning module beside its loss.

    Raises:
        ValueError: other names.
    """
    theirs, own = {*stored}, {*wanted}

    def pair(prefixes: tuple[str, str]) -> dict[str, str]:
        return {name: prefixes[0] + name.removeprefix(prefixes[1]) for name in sorted(own)}

    either = itertools.product(("", shared_prefix(theirs)), ("", shared_prefix(own)))
    names = max(map(pair, either), key=lambda names: len(theirs & {*names.values()}))
    if {*names.values()} == theirs:
        return names
    first = min(own, default="")
    ends = {name.removesuffix(first) for name in theirs if name.endswith(f".{first}")}
    whole = [end for end in ends if {end + name for name in own} == {name for name in theirs if name.startswith(end)}]
    if len(whole) == 1:
        return pair((whole[0], ""))
    if whole:
        raise ValueError(
            f"it has such names several times, below {' and '.join(sorted(whole))}; save one network alone"
        )
    others = {"lacks": [name for name in own if names[name] not in theirs], "has": theirs - {*names.values()}}
    raise ValueError("it " + " and ".join(f"{what} {some_of(some)}" for what, some in others.items() if some))


def shared_prefix(names: Iterable[str]) -> str:
    """The prefix of all names, up to a dot."""
    levels = zip(*(name.split(".")[:-1] for name in names), strict=False)
    return "".join(f"{level[0]}." for level in itertools.takewhile(lambda level: len({*level}) == 1, levels))


def some_of(names: Iterable[str]) -> str:
    first = sorted(names)
    return ", ".join(first[:MOST_NAMED]) + (" …" if len(first) > MOST_NAMED else "")
