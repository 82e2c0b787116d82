"""How rolls of memorised pictures are scored."""

from fieldlab.runs.scoring import Score, Scoring

ROLL = Scoring(
    scores={
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
    },
    always=("goal_loss",),
    headline="goal_loss",
    judges={"goal_loss": "the goal's loss"},
    labels={
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
    against="loss",
    note="Loss: the goal's, over all of its pixels, of the best try; matched PSNR: of what is seen against its target in dB, over the"
    " goal's pixels; recovered: the share of rolls that end within half a pixel of the true shift; shift error: the median distance"
    " from it; probability: of the goal's class; succeeded: the share of pictures for which the classifier changed its mind;"
    " memorised PSNR: of the fields where they are; rolled PSNR: of pictures moved by the true shift itself, over all pixels, over those within three pixels of where the"
    " edges meet, and elsewhere. Means over pictures and cases; mean ± standard deviation over n seeds; seconds: median time of optimisation alone, wall: of all.",
    ranked=False,  # losses of several goals have no mean
)
