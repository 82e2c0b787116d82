"""A user's own task that trains: how far off is the worst sample of a fit?"""

from dataclasses import dataclass

from fieldlab.runs.scoring import Score, Scoring
from fieldlab.runs.task import Exhibit
from fieldlab.tasks.field_task import FieldTask


@dataclass(frozen=True, kw_only=True)
class Worst(FieldTask):
    """Fit the values of a signal, scored by the largest error."""

    scoring = Scoring(
        scores={"worst_error": Score("worst error", 4, lower=True)}, always=("worst_error",), headline="worst_error",
        judges={"worst_error": "the worst error"}, labels={"worst": "worst_error"}, prefix="", unit="", noun="scores",
        curves={"worst": "worst_error"}, panels=("worst_error",), logarithmic=True, axis="worst error",
        knobs={"worst": "worst_error"}, against="worst error", note="Worst error: over all samples and channels.",
        searched="worst_error",
    )  # fmt: skip
    files = ("weights.safetensors", "target.png", "reconstruction.png", "error.png")

    def module(self):
        from worst.module import WorstModule

        return WorstModule

    @classmethod
    def exhibit(cls):
        return Exhibit(
            picture="reconstruction.png", below="error.png", original="target.png", captions=("With", "Without")
        )
