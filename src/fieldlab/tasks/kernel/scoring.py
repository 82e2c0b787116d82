"""How predictions by kernels are scored."""

from fieldlab.runs.scoring import Score, Scoring, Whole, Yardstick
from fieldlab.tasks.fit.scoring import BICUBIC

KERNEL = Scoring(
    scores={
        "train_psnr": Score("train PSNR", unit=" in dB"),
        "validation_psnr": Score("validation PSNR", unit=" in dB"),
        "test_psnr": Score("test PSNR", unit=" in dB"),
        "full_psnr": Score("full PSNR", unit=" in dB"),
        "effective_dimension": Score("effective dimension", 0, judged=False),
        "coarse_steps": Score("steps, coarsest octave", 0, lower=True),
        "fine_steps": Score("steps, finest octave", 0, lower=True),
    },
    always=("train_psnr", "test_psnr", "effective_dimension"),
    headline="test_psnr",
    judges={"validation_psnr": "validation samples", "train_psnr": "training samples"},
    labels={"train": "train_psnr", "test": "test_psnr", "full": "full_psnr"},
    prefix="predicted PSNR ",
    unit=" dB",
    noun="predicted PSNR in dB",
    curves={},
    panels=(),
    logarithmic=False,
    axis="predicted PSNR (dB)",
    knobs={"train": "train_psnr", "test": "test_psnr"},
    against="predicted PSNR",
    note="PSNR in dB that regression with the field's kernel comes to, over the training, the test and all samples; effective dimension: tr K (K + ridge)^-1, how many"
    " numbers of the training samples the kernel can take; steps: of gradient descent, of length 1 / (largest eigenvalue), until half of the amplitude of the"
    " coarsest and of the finest octave of the training samples, of their channels' mean, is learned, – where that is later than was followed. Bicubic: cubic interpolation from the same training samples.",
    searched="validation_psnr",
    captions={"train": "train_psnr", "test": "test_psnr"},
    knobs_note=", on training samples (dashed) and on test samples (solid)",
    whole=Whole("full_psnr", parts=("train_psnr", "test_psnr"), scope="over all samples"),
    yardsticks={BICUBIC: Yardstick(instead={"train_psnr": "exact"}, line=True)},
)
