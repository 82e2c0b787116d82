"""The progress line of a running fit."""

from typing import Any

from lightning import Callback, LightningModule, Trainer
from tqdm import tqdm

from fieldlab.runs.scoring import Scoring


class ProgressLine(Callback):
    """One line per running fit: steps, the latest scores, time left. Silent where nobody watches."""

    def __init__(self, description: str, scoring: Scoring) -> None:
        self.description = description
        self.scoring = scoring

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
            self.bar.set_postfix_str(self.scoring.describe_latest(curve[-1]), refresh=False)
        self.bar.update(batch.steps)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if hasattr(self, "bar"):
            self.bar.close()
