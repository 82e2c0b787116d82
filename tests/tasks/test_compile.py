"""A compiled fit is the same fit. In a process of its own: shapes are not checked inside a compiled graph."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_compiled_equals_eager(installed: Callable[..., subprocess.CompletedProcess[str]], clean_folder: Path):
    sweep = (
        "-m",
        "field=siren,gaussian",
        "optimizer.lr=1e-4",
        "signal.size=32",
        "steps=30",
        "trainer=cpu",
        "seed=0,1",
    )
    for study, setting in (("eager", "compile=false"), ("compiled", "compile=true"), ("packed", "compile=true")):
        members = ("hydra.launcher.members=2",) if study == "packed" else ()
        done = installed("fieldlab", *sweep, setting, f"study={study}", *members, cwd=clean_folder)
        assert (done.returncode, done.stderr) == (0, "")
    for eager in (clean_folder / "runs/eager").glob("*/result.json"):
        for study in ("compiled", "packed"):
            same = clean_folder / "runs" / study / eager.parent.name / eager.name
            scores = [json.loads(file.read_text())["scores"]["full_psnr"] for file in (eager, same)]
            assert scores[0] == pytest.approx(scores[1], abs=0.01)
