"""Rules: what the top-level keys of a configuration must hold together."""

from collections.abc import Mapping
from typing import Any

from fieldlab.config.fingerprint import HARMLESS
from fieldlab.errors import InputError, suggest

TRAINERS = ("lightning.Trainer", "lightning.pytorch.Trainer", "pytorch_lightning.Trainer")
INSTEAD = {  # of a Trainer's settings that shorten or change training
    **dict.fromkeys(("max_steps", "min_steps", "max_epochs", "min_epochs", "max_time"), "the key steps"),
    **dict.fromkeys(
        ("fast_dev_run", "limit_train_batches", "overfit_batches", "barebones"), "debug=true, for a trial"
    ),
    **dict.fromkeys(("gradient_clip_val", "gradient_clip_algorithm"), "task.clip_norm"),
    "accumulate_grad_batches": "task.batch_size",
}


def check_run(config: Mapping[str, Any]) -> None:
    """Hold the keys that every run has to what their types cannot say."""
    if not 0 <= config["seed"] < 2**63:
        raise InputError(f"seed: {config['seed']} should be between 0 and 2^63 - 1")
    for key in ("study", "folder"):
        if not config[key].strip():
            raise InputError(f"{key}: needs a name")
    if "/" in config["study"]:
        raise InputError(f"study: {config['study']} must not contain a slash")
    minutes = config["checkpoint_minutes"]
    if minutes is not None and minutes < 0:
        raise InputError(f"checkpoint_minutes: {minutes} should be at least 0, or null for never")
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


def check_running(config: Mapping[str, Any], devices: int) -> None:
    """A network is looked into, and a field read, as it is, by one device."""
    if devices > 1:
        raise InputError("trainer.devices: one device does this; share seeds out with -m and hydra/launcher=local")
    if config["compile"] is True:
        raise InputError("compile: networks that are only looked into, or read, are not compiled; leave it out")
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
            f"{devices} need an optimiser that looks at gradients alone (adam, sgd, muon, …), not at the loss itself"
        )
    if batch < count:
        raise InputError(f"{devices} cannot share batches of {batch}; task.batch_size should be larger")
