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
    "auto": "8d2498cb",
    "auto_rules": "d50f1c55",
    "bandwidth": "ef5035ee",
    "cameraman": "495220d6",
    "composite": "a3341421",
    "contenders": "488cc60c",
    "contenders_first": "1b64effb",
    "contenders_tuning": "b5e869fb",
    "denoising": "e1bc21e5",
    "denoising_tuning": "c0b7507b",
    "derivatives": "82195959",
    "features": "4c71237a",
    "fourier_features": "12f90b53",
    "fourier_features_text": "4c184c2c",
    "helmholtz": "28570c05",
    "inpainting": "addc7517",
    "inpainting_tuning": "d8762b6d",
    "knobs": "5cc3bb75",
    "memorise": "5f7b591b",
    "meshes": "235acdba",
    "optimizers": "3de8f04c",
    "optimizers_tuning": "d4f9b52f",
    "poisson": "70bb11b7",
    "prediction": "cd7856bb",
    "prediction_fits": "b76d81ee",
    "psnr_table": "afb95e9f",
    "psnr_table_tuning": "5de06802",
    "rolling": "5e24f031",
    "shapes": "2b438279",
    "super_resolution": "e1fa2b04",
    "super_resolution_tuning": "1fe630ff",
    "tune": "3ca44bb3",
}
OTHER = {  # defaults as they might be one day
    "fit": {
        "/signal: camera": "/signal: moon", "/split: stride": "/split: columns", "/supervise: value": "/supervise: gradient",
        "/optimizer: muon": "/optimizer: sgd", "/schedule: cosine": "/schedule: constant", "steps: 400": "steps: 7",
        "stencil: central": "stencil: sobel", "batch_size: 4096": "batch_size: 77", "/sampling: uniform": "/sampling: error",
        "scores: 20": "scores: 3", "clip_norm: null": "clip_norm: 0.5", "bf16_until: 0.8": "bf16_until: 0.3",
    },
    "surface": {
        "/split: all": "/split: random", "/optimizer: adam": "/optimizer: sgd", "/schedule: cosine": "/schedule: constant",
        "steps: 1000": "steps: 7", "batch_size: 4096": "batch_size: 77", "/sampling: uniform": "/sampling: error",
        "scores: 20": "scores: 3", "clip_norm: 1.0": "clip_norm: 0.5", "bf16_until: 0.0": "bf16_until: 0.3", "resolution: 256": "resolution: 64",
        "compared: 100000": "compared: 50",
    },
    "inverse": {
        "/signal: camera": "/signal: moon", "/observe: downsample": "/observe: everywhere", "/noise: none": "/noise: both", "/split: most": "/split: random",
        "/supervise: measurements": "/supervise: measurements_tv", "/sampling: uniform": "/sampling: error", "/optimizer: adam": "/optimizer: sgd",
        "/schedule: cosine": "/schedule: constant", "steps: 500": "steps: 7", "batch_size: 8192": "batch_size: 77", "scores: 20": "scores: 3",
        "clip_norm: null": "clip_norm: 0.5", "bf16_until: 0.0": "bf16_until: 0.3", "patience: null": "patience: 2",
    },
    "kernel": {
        "/signal: camera": "/signal: moon", "/split: stride": "/split: columns", "/kernel: tangent": "/kernel: encoding", "size: 128": "size: 64",
        "ridge: 1e-6": "ridge: 1e-2", "most_exact: 8192": "most_exact: 10", "tolerance: 1e-4": "tolerance: 1e-2", "descent: 64": "descent: 8",
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


@pytest.mark.quick(4)
@pytest.mark.parametrize("name", options("experiment"))
def test_a_study_is_what_it_was(name: str):
    """Whoever changes a study on purpose puts its new digest here, and measures its answer anew."""
    assert digest(name) == DIGESTS[name]


@pytest.mark.slow
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
