"""The task of predicting what fields come to."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from fieldlab.config.instantiate import build
from fieldlab.config.names import name_subject
from fieldlab.config.schema import Keys, Node
from fieldlab.errors import InputError
from fieldlab.runs.computation import Watchers
from fieldlab.runs.measured import MeasuredTask, Measuring, Scores
from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Config, Exhibit, Member
from fieldlab.tasks.fit.scoring import BICUBIC
from fieldlab.tasks.kernel.scoring import KERNEL

if TYPE_CHECKING:
    from fieldlab.kernels.feature_map import FeatureMap
    from fieldlab.signals.grid import Grid
    from fieldlab.signals.splits import Split
    from fieldlab.tasks.kernel.prediction import Prediction


@dataclass(frozen=True)
class KernelMember(Member):
    """A field's kernel for a signal, and how regression with it goes."""

    signal: "Grid"
    split: "Split"
    kernel: "FeatureMap"
    task: "Kernel"

    @functools.cached_property
    def prediction(self) -> "Prediction":
        """Made when it is first asked for."""
        from fieldlab.tasks.kernel.prediction import predict

        task = self.task
        return predict(
            self.signal, self.split, self.kernel, ridge=task.ridge, most_exact=task.most_exact, tolerance=task.tolerance,
            directions=task.descent,
        )  # fmt: skip


class Predicting(Measuring):
    """Measuring, with cubic interpolation as a yardstick."""

    def score(self, m: int) -> dict[str, Any]:
        cubic = self.members[m].prediction.bicubic  # type: ignore[attr-defined]
        return {**super().score(m), "yardsticks": {} if cubic is None else {BICUBIC: cubic}}


@dataclass(frozen=True, kw_only=True)
class Kernel(MeasuredTask):
    """Regression with fields' kernels; see `fieldlab.kernels.regression`."""

    scoring: ClassVar[Scoring] = KERNEL
    keys: ClassVar[Keys] = {"signal": Node, "split": Node, "kernel": Node, "budget": int | None}
    subject_keys: ClassVar[tuple[str, ...]] = ("signal.", "split.")
    files: ClassVar[tuple[str, ...]] = ("target.png", "reconstruction.png", "error.png", "kernel.png", "kernel.json")

    ridge: float
    most_exact: int
    tolerance: float
    descent: int

    def __post_init__(self) -> None:
        for name, value in (("ridge", self.ridge), ("tolerance", self.tolerance)):
            if value <= 0:
                raise ValueError(f"{name} must be positive, not {value}")
        for name, value, least in (("most_exact", self.most_exact, 1), ("descent", self.descent, 2)):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")

    @classmethod
    def name_subject(cls, config: Config) -> str:
        return name_subject(config, cls.__name__)

    def build(self, config: Config) -> KernelMember:
        from fieldlab.kernels.feature_map import draw_frozen
        from fieldlab.signals.build import build_signal, build_split
        from fieldlab.signals.grid import Grid
        from fieldlab.tasks.field_bandwidth import decide_field

        signal = build_signal(config["signal"])
        if not isinstance(signal, Grid):
            raise InputError(f"signal: {signal.name} has no grid; kernels are asked for samples on grids")
        split = build_split(config["split"], signal.grid)
        decided = decide_field(config, dim=signal.dim, channels=signal.channels)
        field = draw_frozen(decided["field"], dim=signal.dim, channels=signal.channels, seed=config["seed"])
        kernel = build(config["kernel"], "kernel", field=field)
        return KernelMember(decided, signal, split, kernel, self)

    def compute(self, members: Sequence[Member], watchers: Watchers) -> Predicting:
        return Predicting(self, members)

    def measure(self, member: KernelMember) -> Scores:
        return member.prediction.scores

    def describe(self, member: KernelMember) -> dict[str, Any]:
        from fieldlab.field import count_parameters, count_stored

        signal, field = member.signal, member.kernel.field
        return {
            "parameters": count_parameters(field),
            "stored": count_stored(field),
            "grid": list(signal.grid),
            "channels": signal.channels,
        }

    def save(self, member: KernelMember, folder: Path) -> None:
        member.prediction.save(folder)

    @classmethod
    def exhibit(cls) -> Exhibit:
        from fieldlab.tasks.fit.pictures import ERROR_LIMIT

        return Exhibit(
            picture="reconstruction.png",
            below="kernel.png",
            original="target.png",
            words="Above: the original and what regression with each field's kernel makes of its training samples, by {judged}. Below: the kernel along a line,"
            " its eigenvalues, and what gradient descent leaves of each octave.",
            captions=(
                "Above: the photo and each field's prediction. Below: its kernel.",
                "Each field's kernel.",
            ),
            error="mean absolute error over channels",
            limit=ERROR_LIMIT,
        )
