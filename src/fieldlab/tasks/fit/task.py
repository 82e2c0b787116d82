"""The task of fitting fields to signals on grids."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from fieldlab.config.schema import Keys
from fieldlab.errors import InputError
from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Config, Exhibit
from fieldlab.tasks.field_task import FieldTask, Supervision
from fieldlab.tasks.fit.scoring import FIT

if TYPE_CHECKING:
    from fieldlab.training.field_module import FieldModule


@dataclass(frozen=True, kw_only=True)
class ValuesAndDerivatives(Supervision):
    """Constraints, what they leave `free`, and whether `derivatives` are scored too."""

    free: Literal["nothing", "offset", "gain_and_offset"]
    derivatives: bool


@dataclass(frozen=True, kw_only=True)
class Fit(FieldTask):
    """Make fields fulfil constraints on values and derivatives of signals; see `fieldlab.tasks.fit.module.FitModule`."""

    scoring: ClassVar[Scoring] = FIT
    files: ClassVar[tuple[str, ...]] = (
        "weights.safetensors", "target.png", "reconstruction.png", "error.png", "octaves.png", "reconstruction.npy", "target.wav", "reconstruction.wav",
        "target.gif", "reconstruction.gif",
    )  # fmt: skip

    supervision: ClassVar[type[Supervision]] = ValuesAndDerivatives

    keys: ClassVar[Keys] = {**FieldTask.keys, "stop_at": float | None}

    stencil: Literal["central", "sobel"]
    stop_at: float | None

    def module(self) -> Callable[..., "FieldModule"]:
        from fieldlab.tasks.fit.module import FitModule

        return FitModule

    @classmethod
    def supervise(cls, config: Config) -> Supervision:
        if not {"free", "derivatives"} & config["supervise"].keys():
            name = config["supervise"].get("name")
            raise InputError(
                f"supervise: {name} asks nothing of samples on a grid; signed distances take task=surface"
            )
        return super().supervise(config)

    @classmethod
    def why_unsearched(cls, config: Config) -> str | None:
        from fieldlab.signals.build import build_signal, build_split

        if build_split(config["split"], build_signal(config["signal"]).grid).validation.any():
            return None
        return "split: nothing validates here, so nothing can be tuned; take another, like split=stride"

    @classmethod
    def exhibit(cls) -> Exhibit:
        from fieldlab.tasks.fit.pictures import ERROR_LIMIT

        return Exhibit(
            picture="reconstruction.png",
            below="error.png",
            original="target.png",
            spectra=True,
            learning="octaves.png",
            error="mean absolute error over channels",
            limit=ERROR_LIMIT,
            captions=(
                "Above: the photo and each field's best fit (by validation samples). Below: test PSNR against steps, mean and"
                " range over seeds, and maps of the absolute error.",
                "Test PSNR against steps, mean and range over seeds; maps of the absolute error of each field's best fit (by"
                " validation samples).",
            ),
            note=f"error maps: mean absolute error over channels, black 0 to bright {ERROR_LIMIT}",
        )
