"""Scale: wall time and memory against pixels, width and members, beside what the machine itself can do in the same run."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmark_steps import make_picture, train
from PIL import Image

from fieldlab.runs.result import Result, read_result

SIDES = (64, 128, 256, 512, 1024, 2048, 4096)
WIDTHS = (32, 64, 128, 256, 512, 1024)
MEMBERS = (1, 2, 4, 8, 16, 32, 64)
FIELDS = {"siren": ("field=siren", "task.batch_size=8192"), "hash_grid": ("field=hash_grid", "task.batch_size=8192")}
LARGE = (  # 4,096 x 4,096 pixels to 40 dB
    "field=hash_grid", "field.encoding.log2_table_size=21", "optimizer=adam", "task.batch_size=262144", "task.scores=5", "steps=300",
)  # fmt: skip
DISCS = 10_000  # of a picture: each place is covered about four times


def scale(rounds: int) -> None:
    """Pixels, width and members in turn; each table beside the machine's peak, medians."""
    print(f"load before: {os.getloadavg()[0]:.2f}; {torch.get_num_threads()} threads")
    products = statistics.median(time_products() for _ in range(3))
    copies = statistics.median(time_copies() for _ in range(3))
    print(
        f"this machine: products of matrices 2,048 x 2,048 {products / 1e9:.0f} GFLOP/s in float32, copies {copies / 1e9:.1f} GB/s"
    )
    with tempfile.TemporaryDirectory() as folder:
        pictures = {side: Path(folder) / f"{side}.png" for side in SIDES}
        for side, file in pictures.items():
            Image.fromarray(paint(side)).save(file)
        by_pixels(pictures, rounds)
        by_width(products, rounds)
        by_members(rounds)
        print("\n4,096 x 4,096 pixels to 40 dB: " + " ".join(LARGE))
        wall, memory, result = run(
            "signal=image", f"signal.path={pictures[4096]}", "signal.size=4096", "split=all", *LARGE
        )
        print(
            f"{result.scores['full_psnr']:.2f} dB, {wall:.0f} s from the command to its last line, of which steps {result.seconds:.0f} s,"
            f" at most {memory / 1e9:.2f} GB, {result.parameters:,} parameters"
        )


def by_pixels(pictures: dict[int, Path], rounds: int) -> None:
    """100 steps of 8,192 pixels, from the command to its last line."""
    print(
        f"\n{'field':10} {'pixels':>12} {'wall':>8} {'steps':>8} {'scoring':>8} {'memory':>9} {'full':>8} {'bicubic':>8}   (medians of {rounds})"
    )
    for field, overrides in FIELDS.items():
        for side, file in pictures.items():
            shown = ("signal=image", f"signal.path={file}", f"signal.size={side}", "steps=100")
            runs = [run(*shown, *overrides) for _ in range(rounds)]
            wall, memory = (statistics.median(run[i] for run in runs) for i in (0, 1))
            result = runs[0][2]
            seconds = statistics.median(run[2].seconds or 0 for run in runs)
            scoring = statistics.median(run[2].scoring_seconds for run in runs)
            bicubic = result.yardsticks["bicubic"]["full_psnr"]
            print(
                f"{field:10} {side:>5} x {side:<4} {wall:6.1f} s {seconds:6.1f} s {scoring:6.1f} s {memory / 1e9:6.2f} GB"
                f" {result.scores['full_psnr']:5.2f} dB {bicubic:5.2f} dB",
                flush=True,
            )


def by_width(products: float, rounds: int) -> None:
    """A step of 8,192 points by the width of a SIREN, and how much of the peak its products of matrices come to."""
    print(
        f"\n{'width':>6} {'a step':>10} {'GFLOP/s':>8} {'of the peak':>12}   SIREN of 3 hidden layers, 8,192 points, float32, compiled (medians of {rounds})"
    )
    for width in WIDTHS:
        seconds = time_steps(
            rounds, f"field.network.width={width}", "task.batch_size=8192", "signal.size=256", "split=all"
        )
        operations = 6 * 8192 * (2 * width + 3 * width**2 + width)  # products forwards, and twice as many backwards
        print(
            f"{width:>6} {1e3 * seconds:7.1f} ms {operations / seconds / 1e9:8.0f} {operations / seconds / products:12.0%}",
            flush=True,
        )


def by_members(rounds: int) -> None:
    """A member's step by how many are computed together: a small field, in which starting operations is what costs."""
    print(
        f"\n{'members':>8} {'a member':>11}   SIREN 32 x 2 on 32 x 32 pixels, all of them in each step (medians of {rounds})"
    )
    for members in MEMBERS:
        small = (
            "field.network.width=32",
            "field.network.depth=2",
            "signal.size=32",
            "split=all",
            "task.batch_size=null",
        )
        print(f"{members:>8} {1e3 * time_steps(rounds, *small, members=members) / members:8.2f} ms", flush=True)


def time_steps(rounds: int, *overrides: str, members: int = 1) -> float:
    """Seconds of a step under Adam."""
    fixed = ("field=siren", "optimizer=adam", "task.scores=1", "task.bf16_until=0", "compile=true", "steps=30")
    return statistics.median(train(*fixed, *overrides, members=members)["steps"] / 30 for _ in range(rounds))


def run(*overrides: str) -> tuple[float, int, Result]:
    """A command's wall clock, the most memory that it held, and its result."""
    program = str(Path(sys.executable).with_name("fieldlab"))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        process = subprocess.Popen(
            [program, "logger=none", f"folder={folder}/fit", *overrides], cwd=folder, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"fieldlab {' '.join(overrides)} failed")
        return wall, used.ru_maxrss * 1024, read_result(Path(folder) / "fit")


def paint(side: int) -> np.ndarray:
    """Dead leaves (Lee, Mumford & Huang 2001): discs over discs, radii r with density r^-3, each of one grey, and over all a tenth of noise.

    Amplitudes fall as 1/f in such pictures, as in photos, and in the noise. Radii go from 1/256 to 1/4 of the side, so that a larger
    picture is the same scene with finer edges; the noise is as fine as the pixels. 8 bits.
    """
    draw = np.random.default_rng(0)
    noise = make_picture(side).astype(np.float32) / 255 - 0.5
    picture = np.full((side, side), 0.5, dtype=np.float32)
    u = draw.random(DISCS)
    smallest, largest = 1 / 256, 1 / 4
    radii = side / np.sqrt(u / largest**2 + (1 - u) / smallest**2)
    for radius, (row, column), grey in zip(radii, side * draw.random((DISCS, 2)), draw.random(DISCS), strict=True):
        rows = slice(max(0, int(row - radius)), int(row + radius) + 2)
        columns = slice(max(0, int(column - radius)), int(column + radius) + 2)
        part = picture[rows, columns]
        y, x = np.ogrid[rows.start : rows.start + part.shape[0], columns.start : columns.start + part.shape[1]]
        inside = (y - row) ** 2 + (x - column) ** 2 < radius**2
        part[inside] = grey
    return np.uint8(255 * np.clip(picture + 0.1 * noise, 0, 1))


def time_products() -> float:
    """Operations a second of products of large matrices."""
    a = torch.randn(2048, 2048)
    return 2 * 2048**3 / best(lambda: a @ a)


def time_copies() -> float:
    """Bytes a second, read and written, of copies that leave the cache."""
    a = torch.zeros(2**26)
    b = torch.zeros(2**26)
    return 2 * 4 * 2**26 / best(lambda: b.copy_(a))


def best(call: Callable[[], Any]) -> float:
    """The least seconds of five calls, which is what a machine can do."""
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)
