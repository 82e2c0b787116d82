"""Studies name all that their answers depend on: a change of defaults changes none of them."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import fieldlab
from conftest import CONF, options
from fieldlab.config.compose import settle
from fieldlab.config.fingerprint import canonicalize, cover

DIGESTS = {
    "bandwidth": "49e20e73",
    "cameraman": "7e5a35ab",
    "composite": "26c21040",
    "derivatives": "68d34bd9",
    "features": "4c71237a",
    "fourier_features": "4ca7fc19",
    "fourier_features_text": "b2de0276",
    "helmholtz": "fe32e0c0",
    "knobs": "8b8f2c92",
    "memorise": "34b0cbd3",
    "meshes": "3739063a",
    "optimizers": "15059707",
    "optimizers_tuning": "1ec65047",
    "poisson": "8a3a0d3e",
    "psnr_table": "5bf6d749",
    "psnr_table_tuning": "c41f6771",
    "rolling": "ae99e35e",
    "shapes": "0c3bfa56",
    "tune": "87a8a252",
}
OTHER = {  # defaults as they might be one day
    "fit": {
        "/signal: camera": "/signal: moon", "/split: stride": "/split: columns", "/supervise: value": "/supervise: gradient",
        "/optimizer: muon": "/optimizer: sgd", "/schedule: cosine": "/schedule: constant", "steps: 400": "steps: 7",
        "stencil: central": "stencil: sobel", "batch_size: 4096": "batch_size: 77", "replacement: false": "replacement: true",
        "scores: 20": "scores: 3", "clip_norm: null": "clip_norm: 0.5", "bf16_until: 0.8": "bf16_until: 0.3",
    },
    "surface": {
        "/split: all": "/split: random", "/optimizer: adam": "/optimizer: sgd", "/schedule: cosine": "/schedule: constant",
        "steps: 1000": "steps: 7", "batch_size: 4096": "batch_size: 77", "replacement: false": "replacement: true",
        "scores: 20": "scores: 3", "clip_norm: 1.0": "clip_norm: 0.5", "bf16_until: 0.0": "bf16_until: 0.3", "resolution: 256": "resolution: 64",
        "compared: 100000": "compared: 50",
    },
    "visualize": {
        "/photos: bundled": "/photos: three", "/optimizer: adam": "/optimizer: sgd", "/schedule: constant": "/schedule: cosine",
        'objective: "logits:*"': 'objective: "logits:1"', "steps: 256": "steps: 7", "copies: 1": "copies: 2", "each: 1": "each: 2",
        "leaky_steps: 16": "leaky_steps: 1", "scores: 16": "scores: 3", "patches: 50": "patches: 5", "draws: 8": "draws: 2",
        "magnify: 1": "magnify: 2",
    },
    "roll": {
        "/photos: three": "/photos: bundled", "/warp: floor": "/warp: none", "/goal: recover": "/goal: collage",
        "/shift_init: grid": "/shift_init: zero", "/optimizer: adam": "/optimizer: sgd", "/schedule: cosine": "/schedule: constant",
        "steps: 200": "steps: 7", "lr: 0.008": "lr: 0.5", "size: 64": "size: 32", "batch_size: 1024, scores: 5": "batch_size: 7, scores: 2",
        "steps: 600": "steps: 8", "batch_size: 256": "batch_size: 33", "scores: 20": "scores: 3", "/field: siren_small": "/field: relu",
    },
}  # fmt: skip


def compose_jobs(name: str) -> list[dict[str, Any]]:
    """The first job of each of a study's grids."""
    settings = yaml.safe_load((CONF / f"experiment/{name}.yaml").read_text())
    params = settings["hydra"].get("sweeper", {}).get("params") or {}
    grids = [params] if isinstance(params, dict) else params
    jobs = [
        [f"{key}={first(value)}" for key, value in grid.items() if "interval" not in str(value)] for grid in grids
    ]
    return [settle(fieldlab.compose(f"experiment={name}", *job)) for job in jobs or [[]]]


def first(value: Any) -> str:
    """The first of several values, which may be lists."""
    text = "null" if value is None else str(value)
    return re.split(r",(?![^\[]*\])", text)[0]


def digest(name: str) -> str:
    covered = json.dumps(canonicalize([cover(job) for job in compose_jobs(name)]), sort_keys=True)
    return hashlib.sha256(covered.encode()).hexdigest()[:8]


@pytest.mark.parametrize("name", options("experiment"))
def test_a_study_is_what_it_was(name: str):
    """Whoever changes a study on purpose puts its new digest here, and measures its answer anew."""
    assert digest(name) == DIGESTS[name]


@pytest.mark.quick(1)
@pytest.mark.parametrize("name", options("experiment"))
def test_a_change_of_defaults_changes_no_study(name: str, clean_folder: Path):
    (clean_folder / "conf/task").mkdir(parents=True)
    for task, changes in OTHER.items():
        text = (CONF / f"task/{task}.yaml").read_text()
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new, 1)
        (clean_folder / f"conf/task/{task}.yaml").write_text(text)
    changed = digest(name)
    shutil.rmtree(clean_folder / "conf")
    assert changed == digest(name)
