"""What makes steps faster at equal mathematics, and what the wall clock of a fit is spent on."""

import ast
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import fieldlab
from fieldlab.config.compose import settle
from fieldlab.runs.computation import Watchers
from fieldlab.runs.task import make_task
from fieldlab.training import field_module

STEP = (
    "signal.size=256",
    "split=all",
    "field=siren",
    "field.network.depth=3",
    "optimizer=adam",
    "task.batch_size=null",
    "task.scores=1",
    "steps=6",
    "trainer=cpu",
)
WHOLE = 2**62  # points in a block
SIDE = 2048


@dataclass(frozen=True)
class Way:
    """A way to compute steps: points in a block, compiled, in bfloat16, with a malloc that keeps its pages."""

    block: int = field_module.BLOCK
    compiled: bool = False
    bf16: bool = False
    malloc: bool = False


WAYS = {
    "eager, the whole batch": Way(WHOLE),
    "the same, malloc": Way(WHOLE, malloc=True),
    "in blocks": Way(),
    "in blocks, malloc": Way(malloc=True),
    "in blocks, bf16": Way(bf16=True),
    "compiled": Way(WHOLE, compiled=True),
    "in blocks, compiled": Way(compiled=True),
    "in blocks, compiled, bf16": Way(compiled=True, bf16=True),
    "all four": Way(compiled=True, bf16=True, malloc=True),
}


def levers(rounds: int) -> None:
    """Full-batch steps of a SIREN 256 x 3 on 256 x 256 pixels, each way in a process of its own, in turn; medians."""
    print(f"load before: {os.getloadavg()[0]:.2f}")
    print(f"{'step':26} {'ms':>8} {'faster':>8} {'compiling':>10}   (medians of {rounds})")
    seen: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            own = {} if way.malloc else {"GLIBC_TUNABLES": ""}  # malloc is left as it is
            call = f"from benchmark_steps import *; print(time_way({way}))"
            done = subprocess.run(
                [sys.executable, "-c", call],
                cwd=Path(__file__).parent,
                env={**os.environ, **own},
                capture_output=True,
                text=True,
                check=True,
            )
            seen[name].append(ast.literal_eval(done.stdout))
    base = [seconds for seconds, _ in seen["eager, the whole batch"]]
    for way, times in seen.items():
        step = statistics.median(seconds for seconds, _ in times)
        faster = statistics.median(b / seconds for b, (seconds, _) in zip(base, times, strict=True))
        compiling = max(seconds for _, seconds in times)  # later rounds find it in the cache
        print(f"{way:26} {1e3 * step:8.0f} {faster:7.2f}x {compiling:8.1f} s")


def time_way(way: Way) -> tuple[float, float]:
    """Seconds of a step, and of compiling."""
    field_module.BLOCK = way.block
    spent = train(*STEP, f"compile={way.compiled}", f"task.bf16_until={int(way.bf16)}")
    return spent["steps"] / 6, spent["compiling"]


def train(*overrides: str, members: int = 1) -> dict[Any, float]:
    """What the time of such a training, of so many members, was spent on."""
    config = settle(fieldlab.compose("logger=none", *overrides))
    task = make_task(config)
    training: Any = task.compute([task.build(config)] * members, Watchers())
    training.run()
    return training.module.clock.spent


def wall(rounds: int) -> None:
    """100 steps of 8,192 pixels on a picture of 2,048 x 2,048 with a spectrum of 1/f: what its wall clock is spent on."""
    print(
        f"load before: {os.getloadavg()[0]:.2f}\n{'wall':>8} {'steps':>8} {'scoring':>8} {'the rest':>9}   (medians of {rounds})"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picture.png"
        Image.fromarray(make_picture(SIDE)).save(file)
        for _ in range(rounds):
            picture = ("signal=image", f"signal.path={file}", "task.batch_size=8192", "steps=100")
            config = fieldlab.compose(*picture, "field=siren", "trainer=cpu", "logger=none", f"folder={folder}/fit")
            [result] = fieldlab.fit([config])
            assert result.wall_seconds
            assert result.seconds
            rest = result.wall_seconds - result.seconds - result.scoring_seconds
            rows.append((result.wall_seconds, result.seconds, result.scoring_seconds, rest))
    print("{:6.1f} s {:6.1f} s {:6.1f} s {:7.1f} s".format(*map(statistics.median, zip(*rows, strict=True))))


def make_picture(side: int) -> np.ndarray:
    """Noise whose amplitudes fall as 1/f, in 8 bits."""
    generator = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    frequency[0, 0] = 1
    phases = np.exp(2j * np.pi * generator.random(frequency.shape))
    values = np.fft.irfft2(phases / frequency, s=(side, side))
    return np.uint8(255 * (values - values.min()) / np.ptp(values))
