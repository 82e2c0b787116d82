"""The task of fitting fields to signals on grids."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from omegaconf import DictConfig

from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Exhibit
from fieldlab.tasks.field_task import FieldTask
from fieldlab.tasks.fit.scoring import FIT

if TYPE_CHECKING:
    from fieldlab.tasks.constrained import Constrained


@dataclass(frozen=True, kw_only=True)
class Fit(FieldTask):
    """Make fields fulfil constraints on values and derivatives of signals; see `fieldlab.tasks.fit.module.FitModule`."""

    scoring: ClassVar[Scoring] = FIT
    files: ClassVar[tuple[str, ...]] = (
        "weights.safetensors", "target.png", "reconstruction.png", "error.png", "reconstruction.npy", "target.wav", "reconstruction.wav",
        "target.gif", "reconstruction.gif",
    )  # fmt: skip

    free: Literal["nothing", "offset", "gain_and_offset"]
    derivatives: bool
    stencil: Literal["central", "sobel"]

    def module(self) -> Callable[..., "Constrained"]:
        from fieldlab.tasks.fit.module import FitModule

        return FitModule

    @classmethod
    def why_unsearched(cls, config: DictConfig) -> str | None:
        from fieldlab.tasks.signal_and_split import build_signal, build_split

        if build_split(config, build_signal(config).grid).validation.any():
            return None
        return "split: nothing validates here, so nothing can be tuned; take another, like split=stride"

    @classmethod
    def exhibit(cls) -> Exhibit:
        from fieldlab.pictures import ERROR_LIMIT

        return Exhibit(
            picture="reconstruction.png",
            below="error.png",
            original="target.png",
            spectra=True,
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
