"""The task of inverse problems: fields that explain measurements."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from fieldlab.config.schema import Keys, Node
from fieldlab.errors import InputError
from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Config, Exhibit, Facts, Once
from fieldlab.tasks.field_task import FieldTask, Supervision
from fieldlab.tasks.inverse.scoring import INVERSE

if TYPE_CHECKING:
    from fieldlab.signals.signal import Signal
    from fieldlab.training.field_module import FieldModule


@dataclass(frozen=True, kw_only=True)
class Inverse(FieldTask):
    """Make fields explain measurements of signals; see `fieldlab.tasks.inverse.module.InverseModule`."""

    scoring: ClassVar[Scoring] = INVERSE
    keys: ClassVar[Keys] = {**FieldTask.keys, "observe": Node, "noise": Node}
    subject_keys: ClassVar[tuple[str, ...]] = ("signal.", "split.", "observe.", "noise.")
    files: ClassVar[tuple[str, ...]] = (
        "weights.safetensors", "target.png", "reconstruction.png", "error.png", "measured.png", "yardstick-*.png", "reconstruction.npy",
        "target.wav", "reconstruction.wav", "target.gif", "reconstruction.gif",
    )  # fmt: skip

    world: ClassVar[tuple[str, ...]] = ("signal", "observe", "noise", "split")

    patience: int | None

    @classmethod
    def read_samples(cls, config: Config) -> "Signal":
        from fieldlab.tasks.inverse.measured import build_measured

        return build_measured(config)

    @classmethod
    def supervise(cls, config: Config) -> Supervision:
        if {"free", "derivatives"} & config["supervise"].keys():
            name = config["supervise"].get("name")
            raise InputError(
                f"supervise: {name} asks for the values of samples, which are not known here; take supervise=measurements"
            )
        return super().supervise(config)

    @classmethod
    def why_unsearched(cls, config: Config) -> str | None:
        from fieldlab.signals.build import build_split

        if build_split(config["split"], cls.read_samples(config).grid).validation.any():
            return None
        return "split: no measurement validates here, so nothing can be tuned; take split=random"

    def look(self, config: Config, devices: int, once: Once) -> Facts:
        if devices > 1:
            raise InputError("trainer.devices: inverse problems are computed on one device")
        return replace(super().look(config, devices, once), alike=None)

    def module(self) -> Callable[..., "FieldModule"]:
        from fieldlab.tasks.inverse.module import InverseModule

        return InverseModule

    @classmethod
    def exhibit(cls) -> Exhibit:
        from fieldlab.tasks.fit.pictures import ERROR_LIMIT

        return Exhibit(
            picture="reconstruction.png",
            below="error.png",
            original="target.png",
            error="mean absolute error over channels",
            limit=ERROR_LIMIT,
            captions=(
                "Above: the truth and what each field makes of measurements of it (its best fit, by held-out measurements). Below: PSNR against"
                " steps, mean and range over seeds, and maps of the absolute error.",
                "PSNR against steps, mean and range over seeds; maps of the absolute error of each field's best fit (by held-out measurements).",
            ),
            note=f"error maps: mean absolute error over channels, black 0 to bright {ERROR_LIMIT}",
        )
