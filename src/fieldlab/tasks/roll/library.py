"""Library: the fits of pictures to roll, from a folder, or made for a roll's photos."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fieldlab import weights
from fieldlab.config.names import name_run
from fieldlab.errors import InputError
from fieldlab.field import Field, build_field, draw, structure
from fieldlab.runs.result import Result, result_or_none
from fieldlab.signals.build import build_signal
from fieldlab.signals.grid import Grid
from fieldlab.signals.photos import expand_folders
from fieldlab.tasks.field_bandwidth import decide_field
from fieldlab.tasks.roll.finished import list_results
from fieldlab.tasks.roll.goals.goal import Pictures

MAKE = "fieldlab -m signal=image signal.path=FOLDER signal.size=64 split=all study=library"


@dataclass(frozen=True)
class Memories:
    """Fields of one structure and the pictures, of one size, that they have memorised."""

    pictures: Pictures
    fields: Sequence[Field]


def describe_fits(config: Mapping[str, Any], own: Collection[str]) -> list[dict[str, Any]]:
    """The configurations of the fits that a roll needs, one for each of its photos; none where it has a library.

    They are `memorise`, with what the roll has beside its `own` keys: its field, trainer and logger.

    Raises:
        InputError: a photo that is no path, a folder without pictures, no signal to memorise.
    """
    if config.get("memorise") is None:
        return []
    memorise = config["memorise"]
    for name, path in config["photos"].items():
        if not isinstance(path, str):
            raise InputError(f"photos.{name}: {path} should be the path of a picture")
    for key in ("signal", "folder", "task", "seed"):
        if memorise.get(key) is None:
            raise InputError(f"memorise.{key}: needs a value")
    shared = {key: value for key, value in config.items() if key not in own}
    found = []
    for name, path in expand_folders(config["photos"], "photos").items():
        signal = {**memorise["signal"], "name": name.rpartition("/")[2], "path": path}
        fit = {**shared, **memorise, "signal": signal}
        fit["folder"] = str(Path(memorise["folder"]) / name_run(fit))
        found.append(fit)
    return found


def recall(config: Mapping[str, Any], own: Collection[str], *, fitted: bool) -> Memories:
    """What a roll moves. Not `fitted`: what can be known before anything is, with fields that have memorised nothing yet.

    Raises:
        InputError: fits that are not there, are no pictures, or cannot be rolled together.
    """
    if config["library"] is not None:
        key, results = "library", find_fits(Path(str(config["library"])).expanduser())
        signals = [picture(result.config["signal"], str(folder)) for folder, result in results.items()]
        fields = [weights.load(folder) for folder in results]
    else:
        key = "memorise"
        fits = describe_fits(config, own)
        signals = [picture(fit["signal"], "memorise.signal") for fit in fits]
        fields = [load_field(fit, signal, fitted) for fit, signal in zip(fits, signals, strict=True)]
    names = [signal.name for signal in signals]
    check_together(key, names, signals, fields)
    return Memories(Pictures(names, torch.stack([signal.values for signal in signals])), fields)


def find_fits(folder: Path) -> dict[Path, Result]:
    """The finished fits in a folder, or the fit that it is, by their folders.

    Raises:
        InputError: there are none, or other than of pictures.
    """
    found = {file.parent: result_or_none(file.parent) for file in list_results(folder)}
    finished = {there: result for there, result in found.items() if result and result.status == "finished"}
    if not finished:
        raise InputError(f"library: there are no finished fits in {folder}; make some with {MAKE}")
    for there, result in finished.items():
        if result.centre is not None or len(result.grid) != 2 or result.config.get("split") is None:
            raise InputError(f"library: {there} is no fit of a picture: {result.signal}")
    return finished


def picture(settings: Mapping[str, Any], where: str) -> Grid:
    """The picture that a fit is of, read once.

    Raises:
        InputError: another kind of signal, or an alignment by which edges coincide.
    """
    signal = build_signal(settings)
    if not isinstance(signal, Grid) or signal.dim != 2:
        raise InputError(f"{where}: {signal.name} is no picture; rolls are of pictures")
    if signal.alignment != "centers":
        raise InputError(
            f"{where}: {signal.name} has alignment={signal.alignment}; rolls need pixels at their centers"
        )
    return signal


def load_field(fit: Mapping[str, Any], signal: Grid, fitted: bool) -> Field:
    """The field that has memorised a picture; before that, where `fitted` is false, one with initial weights.

    Raises:
        InputError: no finished fit of the picture.
    """
    folder = Path(fit["folder"])
    result = result_or_none(folder)
    if result is not None and result.status == "finished":
        return weights.load(folder)
    if fitted:
        why = "is not there" if result is None else result.error or f"{result.status} at step {result.diverged_at}"
        raise InputError(f"memorise: the fit of {signal.name} in {folder} {why}")
    sized = decide_field(fit, dim=2, channels=signal.channels)["field"]
    field = draw(lambda: build_field(sized, dim=2, channels=signal.channels), fit["seed"])
    return field.eval().requires_grad_(False)


def check_together(key: str, names: Sequence[str], signals: Sequence[Grid], fields: Sequence[Field]) -> None:
    """Check what pictures that are rolled together must have in common.

    Raises:
        InputError: pictures of several sizes or numbers of channels, fields of several structures, two of one name.
    """
    first = signals[0]
    for name, signal, field in zip(names, signals, fields, strict=True):
        pair = f"{names[0]} and {name}"
        if signal.channels != first.channels:
            raise InputError(
                f"{key}: {pair} have {first.channels} and {signal.channels} channels, and are rolled together"
            )
        if signal.grid != first.grid:
            sizes = " and ".join(" x ".join(map(str, grid)) for grid in (first.grid, signal.grid))
            raise InputError(f"{key}: {pair} are {sizes} pixels large, and are rolled together")
        if structure(field) != structure(fields[0]):
            raise InputError(f"{key}: {pair} are in fields of several structures; roll each by itself")
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"{key}: has {names.count(twice[0])} pictures called {twice[0]}; roll each by itself")
