"""Library: fits of pictures, to be rolled; found in a folder, or described by what they are to be made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fieldlab import weights
from fieldlab.digests import library_files
from fieldlab.errors import InputError, first_line
from fieldlab.field import Field, build_field, draw, structure
from fieldlab.goals.goal import Pictures
from fieldlab.identity import fit_name
from fieldlab.results import Result, result_or_none
from fieldlab.schema import Schema
from fieldlab.signals.grid import Grid
from fieldlab.signals.photos import files
from fieldlab.tasks.signal_and_split import build_signal

ROLLING = ("memorise", "library", "photos", "warp", "goal", "shift_init")  # keys that fits do not have
MAKE = "fieldlab -m signal=image signal.path=FOLDER signal.size=64 split=all study=library"


@dataclass(frozen=True)
class Memories:
    """Fields of one structure and the pictures, of one size, that they have memorised."""

    pictures: Pictures
    fields: Sequence[Field]


def memorising(plain: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The configurations of the fits that a roll needs, one for each of its photos; none where it has a library.

    They are `memorise`, with the roll's own field, trainer and logger.
    """
    if plain["memorise"] is None:
        return []
    settings = typed(plain["memorise"])
    for name, path in plain["photos"].items():
        if not isinstance(path, str):
            raise InputError(f"photos.{name}: {path} should be the path of a picture")
    shared = {key: None if key in ROLLING else value for key, value in plain.items()}
    made = []
    for name, path in files(plain["photos"], "photos").items():
        signal = {**settings["signal"], "name": name.rpartition("/")[2], "path": path}
        fit = {**shared, **settings, "signal": signal}
        fit["folder"] = str(Path(settings["folder"]) / fit_name(_root_=OmegaConf.create(fit)))
        made.append(fit)
    return made


def typed(memorise: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of fits, held to the types of their top-level keys.

    Raises:
        InputError: another type, a missing value.
    """
    for key, value in memorise.items():
        try:
            OmegaConf.merge(OmegaConf.structured(Schema), {key: value})
        except OmegaConfBaseException as error:
            raise InputError(f"memorise.{key}: {first_line(error)}") from error
        if value is None and key != "checkpoint_minutes":
            raise InputError(f"memorise.{key}: needs a value")
    return dict(memorise)


def recall(plain: Mapping[str, Any], *, fitted: bool) -> Memories:
    """What a roll moves. Not `fitted`: what can be known before anything is, with fields that have memorised nothing yet.

    Raises:
        InputError: fits that are not there, are no pictures, or cannot be rolled together.
    """
    if plain["library"] is not None:
        key, results = "library", fits_in(Path(str(plain["library"])).expanduser())
        signals = [picture(result.config["signal"], str(folder)) for folder, result in results.items()]
        fields = [weights.load(folder) for folder in results]
    else:
        key = "memorise"
        fits = memorising(plain)
        signals = [picture(fit["signal"], "memorise.signal") for fit in fits]
        fields = [remembered(fit, signal, fitted) for fit, signal in zip(fits, signals, strict=True)]
    names = [signal.name for signal in signals]
    together(key, names, signals, fields)
    return Memories(Pictures(names, torch.stack([signal.values for signal in signals])), fields)


def fits_in(folder: Path) -> dict[Path, Result]:
    """Finished fits by their folders: this one, or those in it.

    Raises:
        InputError: there are none, or other than of pictures.
    """
    found = {file.parent: result_or_none(file.parent) for file in library_files(folder)}
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
    signal = build_signal({"signal": settings})
    if not isinstance(signal, Grid) or signal.dim != 2:
        raise InputError(f"{where}: {signal.name} is no picture; rolls are of pictures")
    if signal.alignment != "centers":
        raise InputError(
            f"{where}: {signal.name} has alignment={signal.alignment}; rolls need pixels at their centers"
        )
    return signal


def remembered(fit: Mapping[str, Any], signal: Grid, fitted: bool) -> Field:
    """The field that has memorised a picture; or one that is going to."""
    folder = Path(fit["folder"])
    result = result_or_none(folder)
    if result is not None and result.status == "finished":
        return weights.load(folder)
    if fitted:
        why = "is not there" if result is None else result.error or f"{result.status} at step {result.diverged_at}"
        raise InputError(f"memorise: the fit of {signal.name} in {folder} {why}")
    return (
        draw(lambda: build_field(fit["field"], dim=2, channels=signal.channels), fit["seed"])
        .eval()
        .requires_grad_(False)
    )


def together(key: str, names: Sequence[str], signals: Sequence[Grid], fields: Sequence[Field]) -> None:
    """Hold pictures that are rolled together to what they must have in common.

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
