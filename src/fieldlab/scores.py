"""Scores: what each of them is called, and which of two is better."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """A column of a table; `lower` values are better than higher ones."""

    label: str
    digits: int = 2
    lower: bool = False


SCORES: Mapping[str, Score] = {
    "train_psnr": Score("train PSNR"),
    "validation_psnr": Score("validation PSNR"),
    "test_psnr": Score("test PSNR"),
    "full_psnr": Score("full PSNR"),
    "full_ssim": Score("SSIM", 4),
    "gradient_psnr": Score("gradient PSNR"),
    "laplacian_psnr": Score("Laplacian PSNR"),
    "chamfer": Score("Chamfer", 5, lower=True),
    "normal_consistency": Score("normal consistency", 4),
    "iou": Score("IoU", 4),
    "distance_error": Score("distance error", 5, lower=True),
    "surface_error": Score("surface error", 5, lower=True),
    "normal_error": Score("normal error (°)", 2, lower=True),
    "eikonal_error": Score("eikonal error", 4, lower=True),
}


@dataclass(frozen=True)
class Kind:
    """Of what fits of a kind are ranked by (`headline`) and chosen by (`judges`, the first that there is), and of what
    their curves show."""

    headline: str
    judges: Mapping[str, str]
    curves: Mapping[str, str]
    axis: str
    unit: str
    logarithmic: bool


PICTURES = Kind(
    "test_psnr",
    {"validation_psnr": "validation", "train_psnr": "training"},
    {"train": "train_psnr", "test": "test_psnr", "full": "full_psnr"},
    "PSNR (dB)",
    " dB",
    logarithmic=False,
)
SHAPES = Kind(
    "chamfer",
    {"chamfer": "surface"},
    {"distance": "distance_error", "surface": "surface_error"},
    "error (sides of the unit cube)",
    "",
    logarithmic=True,
)


def kind_of(scores: Collection[str]) -> Kind:
    """The kind of fits that have these scores."""
    return SHAPES if "surface_error" in scores else PICTURES
