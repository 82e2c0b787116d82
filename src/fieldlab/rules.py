"""Rules: what the top-level keys of a configuration must hold together."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from fieldlab.build import locate
from fieldlab.errors import InputError, suggest
from fieldlab.identity import HARMLESS, ROLLING, SEEING, rolls, sees
from fieldlab.schema import Schema

FITTED = ("signal", "split", "supervise")  # keys of fits alone
TRAINERS = ("lightning.Trainer", "lightning.pytorch.Trainer", "pytorch_lightning.Trainer")
INSTEAD = {  # of a Trainer's settings that shorten or change training
    **dict.fromkeys(("max_steps", "min_steps", "max_epochs", "min_epochs", "max_time"), "the key steps"),
    **dict.fromkeys(
        ("fast_dev_run", "limit_train_batches", "overfit_batches", "barebones"), "debug=true, for a trial"
    ),
    **dict.fromkeys(("gradient_clip_val", "gradient_clip_algorithm"), "task.clip_norm"),
    "accumulate_grad_batches": "task.batch_size",
}


def check_top(config: Mapping[str, Any]) -> None:
    """Hold the top-level keys to what their types cannot say."""
    known = [key.name for key in dataclasses.fields(Schema)]
    for key in config:
        if key not in known:
            raise InputError(f"{key}: there is no such key{suggest(str(key), known)}")
    if config["steps"] < 1:
        raise InputError(f"steps: {config['steps']} is too few; a fit takes at least 1 step")
    if not 0 <= config["seed"] < 2**63:
        raise InputError(f"seed: {config['seed']} should be between 0 and 2^63 - 1")
    check_kind(config)
    for key in ("study", "folder"):
        if not config[key].strip():
            raise InputError(f"{key}: needs a name")
    for key, name in (("study", config["study"]), ("signal.name", (config["signal"] or {}).get("name") or "")):
        if "/" in str(name):
            raise InputError(f"{key}: {name} must not contain a slash")
    minutes = config["checkpoint_minutes"]
    if minutes is not None and minutes < 0:
        raise InputError(f"checkpoint_minutes: {minutes} should be at least 0, or null for never")
    locate(config["figure"], "figure")
    check_trainer(config["trainer"])


def check_trainer(trainer: Mapping[str, Any]) -> None:
    """Lightning's Trainer may be told where to compute and how to watch, and nothing that changes what is computed."""
    if str(trainer.get("precision")) in ("16", "16-mixed"):
        raise InputError("trainer.precision: one loss scaler would couple the members of a pack; use bf16-mixed")
    known = ("precision", *HARMLESS)
    for key in trainer if trainer.get("_target_") in TRAINERS else ():
        if key in INSTEAD:
            raise InputError(f"trainer.{key}: would shorten or change training, or do nothing; take {INSTEAD[key]}")
        if key not in known and not key.startswith("_"):
            raise InputError(f"trainer.{key}: is no setting that fieldlab passes on{suggest(key, known)}")


def check_kind(config: Mapping[str, Any]) -> None:
    """Either a field is fitted to a signal, or images are found for a model, or pictures are rolled: what belongs to the
    others is no input."""
    kinds = {"warp": rolls(config), "model": sees(config)}
    if not kinds["warp"]:
        refuse(
            config, sorted(set(ROLLING) - set(SEEING)), "belongs to a roll; add task=roll or a warp, like warp=floor"
        )
    if not kinds["model"] and not kinds["warp"]:
        refuse(config, ["photos"], "belongs to a visualisation or a roll; add model=texture or warp=floor")
        refuse(config, sorted(SEEING[1:]), "belongs to a visualisation; add a model, like model=texture")
    task = config["task"].get("_target_", "").rpartition(".")[2]
    for name, key, example in (("Roll", "warp", "floor"), ("Visualize", "model", "texture")):
        if task == name and not kinds[key]:
            raise InputError(f"{key}: {config['task']['_target_']} needs one, like {key}={example}")
    if kinds["warp"]:
        check_roll(config, task)
    elif kinds["model"]:
        check_sight(config, task)
    else:
        need(config, FITTED, "a fit")


def refuse(config: Mapping[str, Any], keys: Iterable[str], why: str) -> None:
    """None of the keys may be there."""
    for key in keys:
        if config.get(key) is not None:
            raise InputError(f"{key}: {why}")


def need(config: Mapping[str, Any], keys: Iterable[str], what: str) -> None:
    """All of the keys must be there."""
    for key in keys:
        if not config.get(key):
            raise InputError(f"{key}: {what} needs one")


def check_sight(config: Mapping[str, Any], task: str) -> None:
    """What is seen is a model's."""
    if task in ("Fit", "Surface"):
        raise InputError("task: with a model it is to visualise; leave task out, or the model")
    for key in ("signal", "split", "supervise"):
        if config[key] is not None:
            raise InputError(
                f"{key}: a visualisation looks into a model and at no signal; leave it out, or the model"
            )
    need(config, ("canvas", "photos", "objective"), "a visualisation")


def check_roll(config: Mapping[str, Any], task: str) -> None:
    """What is rolled are fits, from a library or made first."""
    if sees(config):
        raise InputError("model: a roll has none of its own; goal=adversarial takes goal/model=…, or leave warp out")
    if task in ("Fit", "Surface", "Visualize"):
        raise InputError("task: with a warp it is to roll; leave task out, or the warp")
    for key in ("signal", "split", "supervise"):
        if config[key] is not None:
            raise InputError(
                f"{key}: rolls are of photos (photos=…) or of a library's fits; leave it out, or the warp"
            )
    refuse(config, ("canvas", "objective", "transforms"), "belongs to a visualisation; leave it out, or the warp")
    need(config, ("goal", "shift_init"), "a roll")
    if config["library"] is None:
        need(config, ("photos", "memorise"), "a roll without a library")


def check_running(config: Mapping[str, Any], devices: int) -> None:
    """A network is looked into, and a field read, as it is, by one device."""
    if devices > 1:
        raise InputError("trainer.devices: one device does this; share seeds out with -m and hydra/launcher=local")
    if config["compile"]:
        raise InputError("compile: networks that are only looked into, or read, are not compiled; leave it false")
    precision = str(config["trainer"].get("precision") or 32)
    if precision not in ("32", "32-true", "bf16-mixed"):
        raise InputError(f"trainer.precision: {precision} would change the network; take 32 or bf16-mixed")


def check_devices(config: Mapping[str, Any], count: int, batch: int) -> None:
    """Several devices share one fit only where each gradient is the mean of theirs and nothing else couples them."""
    if count == 1:
        return
    devices = f"trainer.devices: {config['trainer']['devices']} devices"
    if config["trainer"].get("strategy") != "ddp":
        raise InputError(f"{devices} need trainer.strategy=ddp, not {config['trainer'].get('strategy')}")
    if not config["optimizer"].get("stacks", False):
        raise InputError(
            f"{devices} need an elementwise optimiser (adam, adamw, sgd): this one looks at the loss itself"
        )
    if batch < count:
        raise InputError(f"{devices} cannot share batches of {batch}; task.batch_size should be larger")
