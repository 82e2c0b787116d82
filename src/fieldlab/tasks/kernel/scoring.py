"""How predictions by kernels are scored."""

from dataclasses import replace

from fieldlab.runs.scoring import Score
from fieldlab.tasks.fit.scoring import FIT

PSNR = ("train_psnr", "validation_psnr", "test_psnr", "full_psnr")
KERNEL = replace(
    FIT,
    scores={
        **{name: FIT.scores[name] for name in PSNR},
        "effective_dimension": Score("effective dimension", 0, judged=False),
        "coarse_steps": Score("steps, coarsest octave", 0, lower=True),
        "fine_steps": Score("steps, finest octave", 0, lower=True),
    },
    always=("train_psnr", "test_psnr", "effective_dimension"),
    prefix="predicted PSNR ",
    noun="predicted PSNR in dB",
    curves={},
    panels=(),
    axis="predicted PSNR (dB)",
    against="predicted PSNR",
    note="PSNR in dB that regression with the field's kernel comes to, over the training, the test and all samples; effective dimension: tr K (K + ridge)^-1, how many"
    " numbers of the training samples the kernel can take; steps: of gradient descent, of length 1 / (largest eigenvalue), until half of the amplitude of the"
    " coarsest and of the finest octave of the training samples, of their channels' mean, is learned, – where that is later than was followed. Bicubic: cubic interpolation from the same training samples.",
)
