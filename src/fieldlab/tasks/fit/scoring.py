"""How fits of fields to samples on grids are scored."""

from fieldlab.runs.scoring import Score, Scoring, Whole, Yardstick

BICUBIC = "bicubic"  # cubic interpolation from the same training samples
POISSON = "Poisson solver"  # the least-squares solution of the same gradients

FIT = Scoring(
    scores={
        "train_psnr": Score("train PSNR", unit=" in dB"),
        "validation_psnr": Score("validation PSNR", unit=" in dB"),
        "test_psnr": Score("test PSNR", unit=" in dB"),
        "full_psnr": Score("full PSNR", unit=" in dB"),
        "full_ssim": Score("SSIM", 4),
        "full_ms_ssim": Score("MS-SSIM", 4),
        "full_vif": Score("VIF", 3),
        "gradient_psnr": Score("gradient PSNR", unit=" in dB"),
        "laplacian_psnr": Score("Laplacian PSNR", unit=" in dB"),
    },
    always=("train_psnr", "test_psnr", "full_psnr", "full_ssim"),
    headline="test_psnr",
    judges={"validation_psnr": "validation samples", "train_psnr": "training samples"},
    labels={"train": "train_psnr", "test": "test_psnr", "full": "full_psnr"},
    prefix="PSNR ",
    unit=" dB",
    noun="PSNR in dB",
    curves={"train": "train_psnr", "test": "test_psnr", "full": "full_psnr"},
    panels=("test_psnr", "train_psnr"),
    logarithmic=False,
    axis="PSNR (dB)",
    knobs={"train": "train_psnr", "test": "test_psnr"},
    against="PSNR",
    note="PSNR in dB over the training, the test and all samples, values clipped to their range; mean ± standard deviation"
    " over n seeds, and in rows of several signals over each one's mean; seconds: median time of optimisation alone, wall: of all."
    " Bicubic: cubic interpolation from the same training samples.",
    searched="validation_psnr",
    captions={"train": "train_psnr", "test": "test_psnr"},
    knobs_note=", on training samples (dashed) and on test samples (solid)",
    whole=Whole("full_psnr", parts=("train_psnr", "test_psnr"), scope="over all samples"),
    yardsticks={
        BICUBIC: Yardstick(instead={"train_psnr": "exact"}, line=True),  # a score there would measure rounding
    },
)
