"""How fits of signed distances are scored."""

from fieldlab.runs.scoring import Score, Scoring

SURFACE = Scoring(
    scores={
        "chamfer": Score("Chamfer", 6, lower=True),
        "normal_consistency": Score("normal consistency", 4),
        "iou": Score("IoU", 4),
        "distance_error": Score("distance error", 5, lower=True),
        "surface_error": Score("surface error", 6, lower=True),
        "normal_error": Score("normal error (°)", 2, lower=True),
        "eikonal_error": Score("eikonal error", 4, lower=True),
    },
    always=("chamfer",),
    headline="chamfer",
    judges={"chamfer": "Chamfer distance"},
    labels={"Chamfer": "chamfer", "normal consistency": "normal_consistency", "IoU": "iou"},
    prefix="",
    unit="",
    noun="scores",
    curves={"surface": "surface_error", "distance": "distance_error"},
    panels=("surface_error", "normal_error"),
    logarithmic=True,
    axis="error (sides of the unit cube)",
    knobs={"Chamfer": "chamfer"},
    against="Chamfer",
    note="Chamfer: mean distance from either surface to the other, not squared, the mean of both directions; normal consistency:"
    " the mean of |cosine| of the normals there; IoU: of the volumes inside; distance error: mean difference from the exact"
    " signed distance over the unit cube; surface and normal error: |distance| and angle at the test points; eikonal error:"
    " mean | |gradient| - 1 | over the cube. Lengths in sides of the cube around the shape. Mean ± standard deviation over n"
    " seeds; seconds: median time of optimisation alone, wall: of all. Settings are chosen by the same Chamfer"
    " distance that ranks, which flatters them.",
    nothing="no surface",
    lacking="without a surface",
)
