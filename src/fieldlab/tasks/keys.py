"""Keys: which top-level keys belong to which of fieldlab's own tasks."""

from collections.abc import Iterable

from fieldlab.errors import InputError
from fieldlab.runs.task import Config

OF_FIELDS = ("signal", "split", "supervise")
OF_VISUALIZATIONS = ("canvas", "objective", "transforms")
OF_ROLLS = ("goal", "library", "memorise", "shift_init")


def check_field_keys(config: Config) -> None:
    """A field is fitted to a signal: what belongs to visualisations and rolls is no input."""
    refuse(config, ["warp"], "with a warp it is to roll; leave task out, or the warp", "task")
    refuse(config, ["model"], "with a model it is to visualise; leave task out, or the model", "task")
    refuse(config, OF_ROLLS, "belongs to a roll; add task=roll or a warp, like warp=floor")
    refuse(config, ["photos"], "belongs to a visualisation or a roll; add model=texture or warp=floor")
    refuse(config, OF_VISUALIZATIONS, "belongs to a visualisation; add a model, like model=texture")
    need(config, OF_FIELDS, "a fit")


def check_visualize_keys(config: Config) -> None:
    """What is seen is a model's."""
    refuse(config, ["warp"], "with a warp it is to roll; leave task out, or the warp", "task")
    refuse(config, OF_ROLLS, "belongs to a roll; add task=roll or a warp, like warp=floor")
    if not config.get("model"):
        raise InputError(f"model: {config['task']['_target_']} needs one, like model=texture")
    refuse(config, OF_FIELDS, "a visualisation looks into a model and at no signal; leave it out, or the model")
    need(config, ("canvas", "photos", "objective"), "a visualisation")


def check_roll_keys(config: Config) -> None:
    """What is rolled are fits, from a library or made first."""
    refuse(config, ["model"], "a roll has none of its own; goal=adversarial takes goal/model=…, or leave warp out")
    if not config.get("warp"):
        raise InputError(f"warp: {config['task']['_target_']} needs one, like warp=floor")
    refuse(config, OF_FIELDS, "rolls are of photos (photos=…) or of a library's fits; leave it out, or the warp")
    refuse(config, OF_VISUALIZATIONS, "belongs to a visualisation; leave it out, or the warp")
    need(config, ("goal", "shift_init"), "a roll")
    if config["library"] is None:
        need(config, ("photos", "memorise"), "a roll without a library")


def refuse(config: Config, keys: Iterable[str], why: str, named: str | None = None) -> None:
    """None of the keys may be there."""
    for key in keys:
        if config.get(key) is not None:
            raise InputError(f"{named or key}: {why}")


def need(config: Config, keys: Iterable[str], what: str) -> None:
    """All of the keys must be there."""
    for key in keys:
        if not config.get(key):
            raise InputError(f"{key}: {what} needs one")
