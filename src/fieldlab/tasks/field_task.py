"""FieldTask: what tasks that fit fields to signals have in common."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from fieldlab.config.files import Content, digest_file
from fieldlab.config.instantiate import build, report_as
from fieldlab.config.names import name_subject
from fieldlab.config.schema import AUTO, TRAINING, Keys, Node, Steps
from fieldlab.errors import InputError
from fieldlab.runs.duration import decide, set_steps
from fieldlab.runs.task import Config, Facts, Member, Once
from fieldlab.runs.trained import TrainedTask, assemble_module

if TYPE_CHECKING:
    from fieldlab.field import Field
    from fieldlab.signals.signal import Signal
    from fieldlab.signals.splits import Split
    from fieldlab.training.field_module import FieldModule
    from fieldlab.training.optimisation import Descent

Begin = Callable[[Callable[[], "Field"]], "Field"]  # from what makes a field to the field that training begins with
LIKELY = 1000  # steps, for checks of what they decide
Start = Annotated[str | None, Content(lambda folder: digest_file(f"{folder}/weights.safetensors"))]  # a fit's folder


@dataclass(frozen=True)
class FieldMember(Member):
    """A field for a signal."""

    signal: "Signal"
    split: "Split"
    field: "Field"


@dataclass(frozen=True, kw_only=True)
class Supervision:
    """The settings of the configuration's node `supervise`: what is asked of a field."""

    name: str
    constraints: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FieldTask(TrainedTask):
    """Constraints that fields fulfil at samples of signals."""

    keys: ClassVar[Keys] = {
        **TRAINING,
        "signal": Node,
        "split": Node,
        "supervise": Node,
        "sampling": Node,
        "start": Start,
        "steps": Steps,
        "seconds": float | None,
        "budget": int | None,
    }
    subject_keys: ClassVar[tuple[str, ...]] = ("signal.", "split.", "supervise.", "task.stencil")
    follows: ClassVar[Mapping[str, tuple[str, ...]]] = {"supervise.name": ("supervise.",)}
    supervision: ClassVar[type[Supervision]] = Supervision
    world: ClassVar[tuple[str, ...]] = ("signal", "split")  # the nodes that say what is sampled

    batch_size: int | None
    scores: int
    clip_norm: float | None
    bf16_until: float

    @classmethod
    def name_subject(cls, config: Config) -> str:
        return name_subject(config, cls.__name__)

    @classmethod
    def read_samples(cls, config: Config) -> "Signal":
        """That at whose samples constraints hold: the signal."""
        from fieldlab.signals.build import build_signal

        return build_signal(config["signal"])

    def look(self, config: Config, devices: int, once: Once) -> Facts:
        from fieldlab.tasks.field_bandwidth import decide_field
        from fieldlab.tasks.field_check import check_field

        signal = self.read_samples(config)
        return check_field(self, decide_field(config, dim=signal.dim, channels=signal.channels), devices, once)

    def build(self, config: Config, begin: "Begin | None" = None) -> FieldMember:
        """The field, drawn or as `start` says; or as `begin` says of what makes it."""
        from fieldlab.field import build_field, draw
        from fieldlab.signals.build import build_split
        from fieldlab.tasks.field_bandwidth import decide_field

        signal = self.read_samples(config)
        split = build_split(config["split"], signal.grid)
        decided = decide_field(config, dim=signal.dim, channels=signal.channels)

        def make() -> "Field":
            return build_field(decided["field"], dim=signal.dim, channels=signal.channels)

        if begin is None:
            begin = (
                partial(self.go_on, config["start"]) if config.get("start") else partial(draw, seed=config["seed"])
            )
        return FieldMember(decided, signal, split, begin(make))

    def go_on(self, folder: str, make: Callable[[], "Field"]) -> "Field":
        """The field with what an earlier fit of it has learned."""
        from fieldlab import weights

        try:
            return weights.go_on(make, Path(folder).expanduser())
        except InputError as error:
            raise InputError(f"start: {error}") from error

    def check(self, config: Config, devices: int, once: Once) -> Facts:
        seconds = config.get("seconds")
        if seconds is None:
            if config["steps"] == AUTO:
                raise InputError("steps: auto are as many as take `seconds`, of which there are none")
            return super().check(config, devices, once)
        if seconds <= 0:
            raise InputError(f"seconds: {seconds} should be positive, or null for `steps`")
        if devices > 1:
            raise InputError("seconds: several devices would not agree on a number of steps; say steps")
        return replace(super().check(set_steps(config, LIKELY), devices, once), alike=None)

    def rescore(self, config: Config, folder: Path) -> Mapping[str, Any]:
        from fieldlab import weights

        fitted = self.build(config, lambda make: weights.go_on(make, folder))
        return assemble_module(self, [fitted]).rescore()

    def decide(self, member: FieldMember, asked: str) -> FieldMember:
        return member if member.config.get("seconds") is None else decide(self, member, asked)

    @classmethod
    def supervise(cls, config: Config) -> Supervision:
        """What is asked of the field, its constraints built."""
        settings = {"name": "", **config["supervise"]}
        nodes = settings.pop("constraints", None)
        if not isinstance(nodes, Mapping):
            raise InputError("supervise.constraints: needs constraints by name")
        constraints = {name: build(node, f"supervise.constraints.{name}") for name, node in nodes.items()}
        target = f"{cls.supervision.__module__}.{cls.supervision.__qualname__}"
        return build({"_target_": target, **settings}, "supervise", constraints=constraints)

    def assemble(
        self, members: Sequence[FieldMember], *, seeds: Sequence[int], steps: int, descent: "Descent"
    ) -> "FieldModule":
        from fieldlab.field import Ensemble

        supervision = self.supervise(members[0].config)
        settings = {part.name: getattr(of, part.name) for of in (self, supervision) for part in fields(of)}
        settings.pop("name")
        with report_as("task", constraints="supervise.constraints", sampling="sampling"):
            return self.module()(
                Ensemble([member.field for member in members]),
                [member.signal for member in members],
                [member.split for member in members],
                seeds,
                **settings,
                sampling=build(members[0].config["sampling"], "sampling"),
                steps=steps,
                descent=descent,
            )

    @abstractmethod
    def module(self) -> Callable[..., "FieldModule"]:
        """The class that trains: it takes the settings of `task` and `supervise` under the same names."""
