"""How images that a network answers to are scored."""

from fieldlab.runs.scoring import Score, Scoring

REAL_PATCHES = "real patches"  # the best one for what each image is for

VISUALIZE = Scoring(
    scores={
        "robust_activation": Score("robust activation"),
        "activation": Score("activation"),
        "kept": Score("kept"),
        "recognised": Score("recognised"),
        "high_frequency": Score("high frequencies", 3, judged=False),
        "slope": Score("slope", judged=False),
        "flat": Score("flat", judged=False),
    },
    always=("robust_activation",),
    headline="robust_activation",
    judges={"robust_activation": "robust activation"},
    labels={"robust activation": "robust_activation", "activation": "activation", "recognised": "recognised"},
    prefix="",
    unit="",
    noun="scores",
    curves={"robust": "robust_activation", "as it is": "activation"},
    panels=("robust_activation", "activation"),
    logarithmic=False,
    axis="activation (best real patch: 1)",
    knobs={"robust activation": "robust_activation"},
    against="robust activation",
    note="Activation: what the network answers to an image, relative to the best real patch of that size; robust activation: the same"
    " under held-out transforms; kept: their ratio; recognised: the share of images that an independently trained network"
    " takes for what they are for; high frequencies: the share of power above 0.25 cycles per pixel; slope: of log power"
    " against log frequency; flat: the share of images that vary by less than 0.02. Real patches: the same of the best"
    " patch for each image. Mean ± standard deviation over n seeds of the mean over images; seconds: median time of"
    " optimisation alone, wall: of all. Activation alone ranks noise first.",
    nothing="no real patch with a positive answer to compare with",
)
