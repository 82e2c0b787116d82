"""The progress line of a running fit."""

from collections.abc import Mapping
from typing import Any

from lightning import Callback, LightningModule, Trainer
from tqdm import tqdm

from fieldlab.scores import SCORES, kind_of


class ProgressLine(Callback):
    """One line per running fit: steps, the latest scores, time left. Silent where nobody watches."""

    def __init__(self, description: str) -> None:
        self.description = description

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        samples: Any = trainer.datamodule  # type: ignore[attr-defined]
        self.bar = tqdm(
            total=samples.steps,
            initial=samples.start,
            desc=self.description,
            unit="step",
            leave=False,
            delay=2,  # short fits pass unannounced
            disable=None if trainer.is_global_zero else True,
            dynamic_ncols=True,
        )

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if batch.scored and (curve := pl_module.progress[0].curve):  # type: ignore[union-attr]
            self.bar.set_postfix_str(latest(curve[-1]), refresh=False)
        self.bar.update(batch.steps)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if hasattr(self, "bar"):
            self.bar.close()


def latest(point: Mapping[str, float | None]) -> str:
    """`train 20.12 dB, test 19.87 dB`."""
    kind = kind_of(point)
    shown = {part: (SCORES[score], point[score]) for part, score in list(kind.curves.items())[:2]}
    return ", ".join(f"{part} {score.shown(value)}{kind.unit}" for part, (score, value) in shown.items() if value)
