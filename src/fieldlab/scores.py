"""Scores: what each of them is called, and which of two is better."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """A column of a table, of so many decimals, or three significant digits; `lower` values are better than higher ones."""

    label: str
    digits: int | None = 2
    lower: bool = False
    unit: str = ""
    judged: bool = True  # whether one is better than another

    def shown(self, value: float) -> str:
        return f"{value:.3g}" if self.digits is None else f"{value:.{self.digits}f}"

    @property
    def sign(self) -> int:
        """What makes of better larger."""
        return -1 if self.lower else 1


SCORES: Mapping[str, Score] = {
    "train_psnr": Score("train PSNR", unit=" in dB"),
    "validation_psnr": Score("validation PSNR", unit=" in dB"),
    "test_psnr": Score("test PSNR", unit=" in dB"),
    "full_psnr": Score("full PSNR", unit=" in dB"),
    "full_ssim": Score("SSIM", 4),
    "gradient_psnr": Score("gradient PSNR", unit=" in dB"),
    "laplacian_psnr": Score("Laplacian PSNR", unit=" in dB"),
    "chamfer": Score("Chamfer", 6, lower=True),
    "normal_consistency": Score("normal consistency", 4),
    "iou": Score("IoU", 4),
    "distance_error": Score("distance error", 5, lower=True),
    "surface_error": Score("surface error", 6, lower=True),
    "normal_error": Score("normal error (°)", 2, lower=True),
    "eikonal_error": Score("eikonal error", 4, lower=True),
    "robust_activation": Score("robust activation"),
    "activation": Score("activation"),
    "kept": Score("kept"),
    "recognised": Score("recognised"),
    "high_frequency": Score("high frequencies", 3, judged=False),
    "slope": Score("slope", judged=False),
    "flat": Score("flat", judged=False),
    "goal_loss": Score("loss", None, lower=True),
    "matched_psnr": Score("matched PSNR", unit=" in dB"),
    "recovered": Score("recovered"),
    "shift_error": Score("shift error (px)", 3, lower=True),
    "probability": Score("probability", 3, judged=False),
    "succeeded": Score("succeeded"),
    "memorised_psnr": Score("memorised PSNR", unit=" in dB"),
    "exact_psnr": Score("rolled PSNR", unit=" in dB"),
    "seam_psnr": Score("at the seam", unit=" in dB"),
    "interior_psnr": Score("elsewhere", unit=" in dB"),
}


@dataclass(frozen=True, eq=False)
class Kind:
    """How fits of a kind are judged, told and drawn."""

    headline: str  # ranks them
    judges: Mapping[str, str]  # choose among settings, the first that there is; in words
    told: Mapping[str, str]  # of one fit, each under its label: `prefix`, these, `unit`
    prefix: str
    unit: str
    noun: str  # what is told
    curves: Mapping[str, str]  # drawn against steps, on a logarithmic scale or not
    panels: tuple[str, str]  # the same in a page
    logarithmic: bool
    axis: str
    knobs: Mapping[str, str]  # drawn against settings
    note: str  # below a table
    nothing: str = ""  # what is told where nothing is known


PICTURES = Kind(
    headline="test_psnr",
    judges={"validation_psnr": "validation samples", "train_psnr": "training samples"},
    told={"train": "train_psnr", "test": "test_psnr", "full": "full_psnr"},
    prefix="PSNR ",
    unit=" dB",
    noun="PSNR in dB",
    curves={"train": "train_psnr", "test": "test_psnr", "full": "full_psnr"},
    panels=("test_psnr", "train_psnr"),
    logarithmic=False,
    axis="PSNR (dB)",
    knobs={"train": "train_psnr", "test": "test_psnr"},
    note="PSNR in dB over the training, the test and all samples, values clipped to their range; mean ± standard deviation"
    " over n seeds, and in rows of several signals over each one's mean; seconds: median time of optimisation alone."
    " Bicubic: cubic interpolation from the same training samples.",
)
SHAPES = Kind(
    headline="chamfer",
    judges={"chamfer": "Chamfer distance"},
    told={"Chamfer": "chamfer", "normal consistency": "normal_consistency", "IoU": "iou"},
    prefix="",
    unit="",
    noun="scores",
    curves={"surface": "surface_error", "distance": "distance_error"},
    panels=("surface_error", "normal_error"),
    logarithmic=True,
    axis="error (sides of the unit cube)",
    knobs={"Chamfer": "chamfer"},
    note="Chamfer: mean distance from either surface to the other, not squared, the mean of both directions; normal consistency:"
    " the mean of |cosine| of the normals there; IoU: of the volumes inside; distance error: mean difference from the exact"
    " signed distance over the unit cube; surface and normal error: |distance| and angle at the test points; eikonal error:"
    " mean | |gradient| - 1 | over the cube. Lengths in sides of the cube around the shape. Mean ± standard deviation over n"
    " seeds; seconds: median time of optimisation alone. Settings are chosen by the same Chamfer"
    " distance that ranks, which flatters them.",
    nothing="no surface",
)
FEATURES = Kind(
    headline="robust_activation",
    judges={"robust_activation": "robust activation"},
    told={"robust activation": "robust_activation", "activation": "activation", "recognised": "recognised"},
    prefix="",
    unit="",
    noun="scores",
    curves={"robust": "robust_activation", "as it is": "activation"},
    panels=("robust_activation", "activation"),
    logarithmic=False,
    axis="activation (best real patch: 1)",
    knobs={"robust activation": "robust_activation"},
    note="Activation: what the network answers to an image, relative to the best real patch of that size; robust activation: the same"
    " under held-out transforms; kept: their ratio; recognised: the share of images that an independently trained network"
    " takes for what they are for; high frequencies: the share of power above 0.25 cycles per pixel; slope: of log power"
    " against log frequency; flat: the share of images that vary by less than 0.02. Real patches: the same of the best"
    " patch for each image. Mean ± standard deviation over n seeds of the mean over images; seconds: median time of"
    " optimisation alone. Activation alone ranks noise first.",
    nothing="no real patch with a positive answer to compare with",
)
ROLLS = Kind(
    headline="goal_loss",
    judges={"goal_loss": "the goal's loss"},
    told={
        "loss": "goal_loss",
        "PSNR": "matched_psnr",
        "recovered": "recovered",
        "shift error": "shift_error",
        "probability": "probability",
        "succeeded": "succeeded",
    },
    prefix="",
    unit="",
    noun="scores",
    curves={"loss": "goal_loss"},
    panels=("goal_loss", "matched_psnr"),
    logarithmic=True,
    axis="loss",
    knobs={"loss": "goal_loss"},
    note="Loss: the goal's, over all of its pixels, of the best try; matched PSNR: of what is seen against its target in dB, over the"
    " goal's pixels; recovered: the share of rolls that end within half a pixel of the true shift; shift error: the median distance"
    " from it; probability: of the goal's class; succeeded: the share of pictures for which the classifier changed its mind;"
    " memorised PSNR: of the fields where they are; rolled PSNR: of pictures moved by the true shift itself, over all pixels, over those within three pixels of where the"
    " edges meet, and elsewhere. Means over pictures and cases; mean ± standard deviation over n seeds; seconds: median time of optimisation alone.",
)


OF_SHAPES = (
    "chamfer",
    "normal_consistency",
    "iou",
    "distance_error",
    "surface_error",
    "normal_error",
    "eikonal_error",
)
OF_FEATURES = ("robust_activation", "activation", "kept", "recognised", "high_frequency", "slope", "flat")

OF_ROLLS = (
    "goal_loss",
    "matched_psnr",
    "recovered",
    "shift_error",
    "probability",
    "succeeded",
    "memorised_psnr",
    "exact_psnr",
    "seam_psnr",
    "interior_psnr",
)


def told(scores: Mapping[str, float | None]) -> str:
    """`train 40.12, test 26.31, full 27.80`; what is not known is left out."""
    shown = [(part, SCORES[key], scores.get(key)) for part, key in kind_of(scores).told.items()]
    return ", ".join(
        f"{part} {score.shown(value)}" for part, score, value in shown if value is not None and value == value
    )


def kind_of(scores: Collection[str]) -> Kind:
    """The kind of fits that have these scores; of fits of several kinds that of pictures."""
    if "goal_loss" in scores and "test_psnr" not in scores:
        return ROLLS
    if "high_frequency" in scores and "test_psnr" not in scores:
        return FEATURES
    return SHAPES if "surface_error" in scores and "test_psnr" not in scores else PICTURES
