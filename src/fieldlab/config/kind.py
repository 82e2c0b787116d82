"""What configurations must know of a task. Imports nothing heavy."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from omegaconf import DictConfig

from fieldlab.config.instantiate import locate_class
from fieldlab.config.presets import Choices, name_preset
from fieldlab.config.schema import Keys

TASK = "fieldlab.runs.task.Task, like fieldlab.tasks.fit.Fit"


class Kind(ABC):
    """A task, as far as configurations go.

    `keys` are the types of its own top-level keys, beside those of any run.
    """

    keys: ClassVar[Keys] = {}

    @classmethod
    @abstractmethod
    def name_subject(cls, config: Mapping[str, Any]) -> str:
        """What a configuration works on, as tables and folders say it."""

    @classmethod
    def name_field(cls, config: Mapping[str, Any] | DictConfig, choices: Choices) -> str:
        """What is compared, by the options that were chosen: the field."""
        return name_preset(choices)

    @classmethod
    def settle(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration without what has no effect in it."""
        return dict(config)


def find_kind(config: Mapping[str, Any] | DictConfig) -> type[Kind]:
    """The task that a configuration asks for."""
    return locate_class(config.get("task"), "task", Kind, TASK)
