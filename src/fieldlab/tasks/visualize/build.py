"""What the configuration of a visualisation describes, built: a model, an objective, transforms and a canvas."""

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from fieldlab.classifiers.activations import Activations
from fieldlab.classifiers.layers import look_at_grey
from fieldlab.classifiers.model import Model
from fieldlab.config.cache import keep
from fieldlab.config.instantiate import build, locate, resolve
from fieldlab.errors import InputError, first_line
from fieldlab.field import build_field, draw
from fieldlab.runs.task import Config
from fieldlab.signals.photos import read_photos
from fieldlab.tasks.visualize.canvases.canvas import Canvas, to_values
from fieldlab.tasks.visualize.canvases.colors import Colors
from fieldlab.tasks.visualize.canvases.parameterization import Parameterization
from fieldlab.tasks.visualize.objectives.objective import Objective, spell_out
from fieldlab.tasks.visualize.objectives.terms import count_units
from fieldlab.tasks.visualize.patches import Photos
from fieldlab.tasks.visualize.settings import Photos as Settings
from fieldlab.tasks.visualize.settings import Text
from fieldlab.tasks.visualize.transforms.transform import TransformSequence

KEPT_PHOTOS = 8  # sets of photos that stay in memory, for the visualisations that share them
KEPT = 4  # models that stay in memory, for the visualisations that share them
OWN = ("colors", "bounded", "size", "start")  # settings of a canvas that are not its parameterization's
SMALLEST = 8  # rows and columns of a canvas


@keep(KEPT)
def build_model(node: Mapping[str, Any]) -> Model:
    """The model that a configuration's node describes, built once for all visualisations of it."""
    model = draw(lambda: build(node, "model"), 0)  # what no file gives is the same every time
    if not isinstance(model, Model):
        raise InputError(f"model._target_: makes a {type(model).__name__}, and no fieldlab.classifiers.model.Model")
    return model


@keep(KEPT, Text)
def build_objective(text: str, model: Model) -> Objective:
    """The objective, with `layer:*` spelled out for this model.

    Raises:
        InputError: text that is no objective; layers and units that the model does not have.
    """

    def units(layer: str) -> int:
        return count_units(layer, look_at_grey(model, (layer,))[layer])

    try:
        objective = Objective(spell_out(text, units))
        with Activations(model.network, objective.layers):
            return objective
    except ValueError as error:
        raise InputError(f"objective: {first_line(error)}") from error


def build_transforms(node: Mapping[str, Any] | None, key: str) -> TransformSequence:
    """Transforms by name, one after the other; null leaves one out."""
    parts = {name: part for name, part in (node or {}).items() if name != "name" and part is not None}
    return TransformSequence([build(part, f"{key}.{name}") for name, part in parts.items()])


def count_images(config: Config, objective: Objective) -> int:
    """Of one member: `task.each` for every unit."""
    each = config["task"].get("each")
    if not isinstance(each, int) or each < 1:
        raise InputError(f"task.each: {each} should be a whole number, at least 1")
    return each * objective.images


def build_canvas(config: Config, model: Model, images: int) -> Canvas:
    """So many images for the model, drawn with the configuration's seed.

    Raises:
        InputError: settings that cannot work, a canvas that has other channels than the model.
    """
    settings = resolve(config["canvas"], "canvas")
    size = find_size(settings.get("size"), model)
    colors = build_colors(settings.get("colors"), model, settings.get("bounded") == "clip")
    own = {name: value for name, value in settings.items() if name not in OWN}
    given: dict[str, Any] = {"images": images, "channels": model.channels, "size": size}
    wanted = inspect.signature(locate(str(own.get("_target_")), "canvas._target_")).parameters
    if "make" not in wanted and "network" in config["field"]:
        raise InputError("field: this canvas is painted by none; take canvas=field with it")
    if "make" in wanted:
        given["make"] = lambda: build_field(config["field"], dim=2, channels=model.channels)
    if "magnitude" in wanted:
        photos = read_photos(config["photos"], "photos", channels=model.channels, size=size)
        seen = to_values(torch.stack(list(photos.values())), colors, settings["bounded"])
        given["magnitude"] = torch.fft.rfft2(seen).abs().mean(0)
    taken = {name: value for name, value in given.items() if name in wanted}  # a field knows its channels itself
    parameterization: Parameterization = draw(lambda: build(own, "canvas", **taken), config["seed"])
    frame = {"_target_": "fieldlab.tasks.visualize.canvases.canvas.Canvas", "bounded": settings.get("bounded")}
    canvas: Canvas = build(frame, "canvas", parameterization=parameterization, colors=colors)
    if settings.get("start") is not None:
        start_from(canvas, str(settings["start"]), model.channels, size, images)
    return canvas


def build_colors(settings: Any, model: Model, clipped: bool) -> Colors:
    """How the canvas's channels are mixed, around their mean (middle grey where none is known) or, before a sigmoid, 0.

    The name that a set of colours goes by is for tables.
    """
    colors = {name: value for name, value in (settings or {}).items() if name != "name"}
    colors["mean"] = (colors.get("mean") or [0.5] * model.channels) if clipped else None
    matrix = colors.get("matrix")
    if isinstance(matrix, list) and len(matrix) != model.channels:
        raise InputError(
            f"canvas.colors: these are for {len(matrix)} channels, and {model.name} sees {model.channels}; take"
            " canvas/colors=none"
        )
    return build(colors, "canvas.colors", channels=model.channels)


def find_size(size: Any, model: Model) -> tuple[int, int]:
    """Rows and columns: N, [ROWS, COLUMNS], or null for what the model was made for."""
    match size:
        case None:
            return model.size
        case int() if size >= SMALLEST:
            return size, size
        case [int() as rows, int() as columns] if min(rows, columns) >= SMALLEST:
            return rows, columns
    raise InputError(
        f"canvas.size: {size} should be N or [ROWS, COLUMNS], at least {SMALLEST}, or null for the model's"
    )


def start_from(canvas: Canvas, path: str, channels: int, size: tuple[int, int], images: int) -> None:
    """Start from a picture, cut and resampled to the canvas."""
    pictures = list(read_photos({"start": path}, "canvas", channels=channels, size=size).values())
    if len(pictures) > 1:
        raise InputError(f"canvas.start: {path} is a folder; name one picture in it")
    picture = pictures[0]
    try:
        canvas.write(picture.expand(images, -1, -1, -1))
    except ValueError as error:
        raise InputError(f"canvas.start: {first_line(error)}") from error


def join_canvases(canvases: Sequence[Canvas]) -> Canvas:
    """One canvas with the images of all of them, one after the other."""
    first, *others = canvases
    first = copy.deepcopy(first)
    first.parameterization.join([canvas.parameterization for canvas in others])
    return first


@keep(KEPT_PHOTOS, Settings)
def read_reference(paths: Mapping[str, str], channels: int) -> Photos:
    """The photos that images are compared with, read once; none for a model that does not see grey or RGB."""
    if channels not in (1, 3):
        return Photos({})
    return Photos(read_photos(paths, "photos", channels=channels, size=None))
