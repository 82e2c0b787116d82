"""A compiled fit is the same fit. In a process of its own: shapes are not checked inside a compiled graph."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

COMMON = ("-m", "seed=0,1", "steps=30", "trainer=cpu", "logger=none")
PICTURES = ("field=siren,gaussian", "optimizer=adam", "optimizer.lr=1e-4", "task.bf16_until=0", "signal.size=32")
SHAPES = (
    "task=surface", "signal.points=500", "task.batch_size=500", "task.resolution=64", "task.compared=500", "task.scores=2",
    "field.network.width=32",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fits", "score", "tolerance"),
    [(PICTURES, "full_psnr", {"abs": 0.01}), (SHAPES, "surface_error", {"rel": 1e-3})],
    ids=["pictures", "shapes"],
)
def test_compiled_equals_eager(
    installed: Callable[..., subprocess.CompletedProcess[str]],
    clean_folder: Path,
    fits: tuple[str, ...],
    score: str,
    tolerance: dict[str, float],
):
    for study, setting in (("eager", "compile=false"), ("compiled", "compile=true"), ("packed", "compile=true")):
        members = ("hydra.launcher.members=2",) if study == "packed" else ()
        done = installed("fieldlab", *COMMON, *fits, setting, f"study={study}", *members, cwd=clean_folder)
        assert (done.returncode, done.stderr) == (0, "")
    found = list((clean_folder / "runs/eager").glob("*/result.json"))
    assert len(found) >= 2
    for eager in found:
        for study in ("compiled", "packed"):
            same = clean_folder / "runs" / study / eager.parent.name / eager.name
            scores = [json.loads(file.read_text())["scores"][score] for file in (eager, same)]
            assert scores[0] == pytest.approx(scores[1], **tolerance)
