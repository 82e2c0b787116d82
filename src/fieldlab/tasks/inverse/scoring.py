"""How inverse problems are scored: by held-out measurements, and, for the reader, against the truth."""

from fieldlab.runs.scoring import Score, Scoring

INVERSE = Scoring(
    scores={
        "train_error": Score("train error", None, lower=True),
        "validation_error": Score("validation error", None, lower=True),
        "test_error": Score("test error", None, lower=True),
        "full_psnr": Score("PSNR", unit=" in dB"),
        "full_ssim": Score("SSIM", 4),
        "full_ms_ssim": Score("MS-SSIM", 4),
        "full_vif": Score("VIF", 3),
    },
    always=("validation_error", "full_psnr", "full_ssim"),
    headline="full_psnr",
    judges={"validation_error": "held-out measurements", "train_error": "training measurements"},
    labels={"against the truth": "full_psnr"},
    prefix="PSNR ",
    unit=" dB",
    noun="PSNR in dB",
    curves={"against the truth": "full_psnr"},
    panels=("full_psnr", "validation_error"),
    logarithmic=False,
    axis="PSNR (dB)",
    knobs={"against the truth": "full_psnr"},
    against="PSNR",
    note="PSNR in dB and SSIM against the truth, over all samples, values clipped to their range: neither chooses anything. Errors are root mean squares over"
    " training, validation and test measurements, in units of the values; mean ± standard deviation over n seeds, and in rows of several signals over each one's"
    " mean; seconds: median time of optimisation alone, wall: of all. Rows below the fields are methods without a network, from all measurements.",
    searched="validation_error",
    captions={"against the truth": "full_psnr"},
)
