"""The types of the top-level keys. No defaults here: those live in conf/."""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING


@dataclass
class Schema:
    """Without it `steps=abc` would compose silently, and so would a misspelt top-level key in a YAML file."""

    study: str = MISSING
    question: str = MISSING
    notes: str = MISSING
    figure: str = MISSING
    steps: int = MISSING
    seed: int = MISSING
    compile: bool = MISSING
    debug: bool = MISSING
    resume: bool = MISSING
    checkpoint_minutes: float | None = MISSING
    folder: str = MISSING
    signal: dict[str, Any] | None = None
    split: dict[str, Any] | None = None
    task: dict[str, Any] = MISSING
    supervise: str | None = None
    optimizer: dict[str, Any] = MISSING
    schedule: dict[str, Any] = MISSING
    trainer: dict[str, Any] = MISSING
    logger: Any = None
    field: dict[str, Any] = MISSING
    model: dict[str, Any] | None = None
    objective: str | None = None
    canvas: dict[str, Any] | None = None
    transforms: dict[str, Any] | None = None
    photos: dict[str, Any] | None = None
    warp: dict[str, Any] | None = None
    goal: dict[str, Any] | None = None
    shift_init: dict[str, Any] | None = None
    memorise: dict[str, Any] | None = None
    library: str | None = None
    experiment: Any = None


def register_schema() -> None:
    """Make the schema known to Hydra, under the name that conf/fieldlab.yaml starts from."""
    ConfigStore.instance().store(name="fieldlab_schema", node=Schema)
