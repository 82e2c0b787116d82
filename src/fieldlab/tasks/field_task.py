"""FieldTask: what tasks that fit fields to signals have in common."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from omegaconf import DictConfig

from fieldlab.build import build, report_as
from fieldlab.identity import name_signal
from fieldlab.runs.task import Config, Facts, Member, Once, Task
from fieldlab.tasks.keys import check_field_keys

if TYPE_CHECKING:
    from fieldlab.field import Field
    from fieldlab.signals.signal import Signal
    from fieldlab.signals.splits import Split
    from fieldlab.tasks.constrained import Constrained
    from fieldlab.tasks.descent import Descent


@dataclass(frozen=True)
class FieldMember(Member):
    """A field for a signal."""

    signal: "Signal"
    split: "Split"
    field: "Field"

    @property
    def subject(self) -> str:
        return self.signal.name


@dataclass(frozen=True, kw_only=True)
class FieldTask(Task):
    """Constraints that fields fulfil at samples of signals."""

    subject_keys: ClassVar[tuple[str, ...]] = ("signal.", "split.", "supervise", "task.stencil")
    follows: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "supervise": ("task.constraints", "task.free", "task.derivatives")
    }

    constraints: Mapping[str, Any]
    batch_size: int | None
    replacement: bool
    scores: int
    clip_norm: float | None

    @classmethod
    def name_subject(cls, config: Config) -> str:
        if config.get("signal") is None:
            check_field_keys(config)
        return name_signal(config["signal"])

    def check(self, config: Config, devices: int, once: Once) -> Facts:
        check_field_keys(config)
        from fieldlab.tasks.field_check import check_field

        return check_field(self, config, devices, once)

    def build(self, config: DictConfig) -> FieldMember:
        from fieldlab.field import build_field, draw
        from fieldlab.tasks.signal_and_split import build_signal, build_split

        signal = build_signal(config)
        split = build_split(config, signal.grid)
        field = draw(lambda: build_field(config.field, dim=signal.dim, channels=signal.channels), config.seed)
        return FieldMember(config, signal, split, field)

    def build_constraints(self) -> dict[str, Any]:
        """The constraints by name."""
        return {key: build(node, f"task.constraints.{key}") for key, node in self.constraints.items()}

    def assemble(
        self, members: Sequence[FieldMember], *, seeds: Sequence[int], steps: int, descent: "Descent"
    ) -> "Constrained":
        from fieldlab.field import Ensemble

        own = {field.name: getattr(self, field.name) for field in fields(self)}
        with report_as("task"):
            return self.module()(
                Ensemble([member.field for member in members]),
                [member.signal for member in members],
                [member.split for member in members],
                seeds,
                **{**own, "constraints": self.build_constraints()},
                steps=steps,
                descent=descent,
            )

    @abstractmethod
    def module(self) -> Callable[..., "Constrained"]:
        """The class that trains: it takes these settings under the same names."""
