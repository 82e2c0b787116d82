#!/usr/bin/env python
"""Benchmarks: each prints ratios against a baseline measured in the same run.

python scripts/benchmark.py overhead      the framework against a bare torch loop of the same step
python scripts/benchmark.py levers        what makes a full-batch step faster: blocks, the compiler, products in bfloat16, malloc
python scripts/benchmark.py start         from the command to the first step, beside what importing Lightning takes
python scripts/benchmark.py wall          100 steps on a large picture: steps, scoring and all the rest
python scripts/benchmark.py quality       wall time to 30 … 45 dB beside the way of SIREN's authors, into experiments/speed (hours)
python scripts/benchmark.py scale         wall time and memory against pixels, width and members, beside the machine's own peak
python scripts/benchmark.py sweep         96 fits: packed, on local workers, by Hydra's basic launcher, one process each
python scripts/benchmark.py validate      1,000 fits checked before the first one starts
python scripts/benchmark.py derivatives   steps on gradients, Laplacians and signed distances against eager double backward
python scripts/benchmark.py auto          how long a bandwidth that is left to the program takes to be found, in steps of the fit
python scripts/benchmark.py report        10,000 results (synthetic) in one report
"""

import argparse
import itertools
import os
import random
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from benchmark_auto import auto
from benchmark_derivatives import derivatives
from benchmark_modes import modes
from benchmark_quality import quality
from benchmark_scale import scale
from benchmark_start import start
from benchmark_steps import levers, wall

import fieldlab
from fieldlab.config.compose import settle
from fieldlab.field import build_field, draw
from fieldlab.runs.computation import Watchers
from fieldlab.runs.result import Plan, Planned, Result, read_result
from fieldlab.runs.task import make_task
from fieldlab.signals.build import build_signal

ADAM = ("optimizer=adam", "task.batch_size=null", "task.bf16_until=0")  # as a bare loop does it
CASES = {
    "SIREN 256x4 on 256 x 256 pixels": ("signal.size=256", "split=all", "steps=12"),
    "the same, batches of 8,192": ("signal.size=256", "split=all", "task.batch_size=8192", "steps=200"),
    "tiny SIREN 32x2 on 16 x 16 pixels": (
        "signal.size=16", "split=all", "steps=4000", "field.network.width=32", "field.network.depth=2",
    ),
}  # fmt: skip


def bare_loop(overrides: tuple[str, ...]) -> float:
    """Seconds a step of plain torch: one module, Adam, cosine schedule, mean squared error."""
    config = fieldlab.compose("trainer=cpu", *ADAM, *overrides)
    signal = build_signal(settle(config)["signal"])
    field = draw(lambda: build_field(config.field, dim=2, channels=1), 0)
    optimizer = torch.optim.Adam(field.parameters(), lr=config.optimizer.lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    x, y = signal.coordinates(), signal.values.flatten(0, -2)
    batch = config.task.batch_size

    def step() -> None:
        if batch is None:
            points, target = x, y
        else:
            chosen = torch.randint(len(x), (batch,))
            points, target = x[chosen], y[chosen]
        optimizer.zero_grad(set_to_none=True)
        (field(points) - target).square().mean().backward()
        optimizer.step()
        schedule.step()

    step()
    start = time.perf_counter()
    for _ in range(config.steps):
        step()
    return (time.perf_counter() - start) / config.steps


def framework(overrides: tuple[str, ...]) -> float:
    """Seconds a step of the same fit through task and Trainer; one scoring is subtracted, files are not written."""
    config = settle(fieldlab.compose("trainer=cpu", "task.scores=1", *ADAM, *overrides))
    task = make_task(config)
    training: Any = task.compute([task.build(config)], Watchers())
    warm_up, scoring = timed(training.module, "warm_up"), timed(training.module, "score")
    start = time.perf_counter()
    training.run()
    return (time.perf_counter() - start - sum(warm_up) - sum(scoring)) / config["steps"]


def timed(task: object, name: str) -> list[float]:
    """Replace a method by one that also notes the seconds it takes."""
    seconds: list[float] = []
    method: Callable[..., None] = getattr(task, name)

    def wrapper(*arguments: object) -> None:
        start = time.perf_counter()
        method(*arguments)
        seconds.append(time.perf_counter() - start)

    setattr(task, name, wrapper)
    return seconds


def overhead(rounds: int) -> None:
    """Bare loop and framework in turn; medians, and the median ratio of neighbours."""
    print(f"{'fit':36} {'bare':>10} {'fieldlab':>10} {'ratio':>7} {'a step':>10}   (medians of {rounds})")
    for name, overrides in CASES.items():
        pairs = [(bare_loop(overrides), framework(overrides)) for _ in range(rounds)]
        bare, ours = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        extra = statistics.median(b - a for a, b in pairs) * 1e3
        print(f"{name:36} {bare:7.2f} ms {ours:7.2f} ms {ratio:7.3f} {extra:+7.3f} ms", flush=True)


FIELDS, PHOTOS, SEEDS = ("relu", "positional", "gaussian", "siren"), ("camera", "coins", "moon"), range(8)
SMALL = ("signal.size=64", "steps=300", "logger=none")


def command(*arguments: str) -> float:
    """Seconds that `fieldlab ARGUMENTS` takes, as a process of its own."""
    start = time.perf_counter()
    program = Path(sys.executable).with_name("fieldlab")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"fieldlab {shlex.join(arguments)}: {done.stderr}")
    return time.perf_counter() - start


def sweep(rounds: int) -> None:
    """96 fits in several ways, in turn; each round's ratios are to its own packed sweep.

    One process for each fit, as shell scripts do, is measured on one seed in eight, and multiplied by eight.
    """
    grid = [f"{key}={','.join(map(str, v))}" for key, v in (("field", FIELDS), ("signal", PHOTOS), ("seed", SEEDS))]
    ways = {
        "packed, one process (the default)": lambda: command("-m", *SMALL, *grid),
        "packed, local workers": lambda: command("-m", *SMALL, *grid, "hydra/launcher=local"),
        "one after the other (members=1)": lambda: command("-m", *SMALL, *grid, "hydra.launcher.members=1"),
        "Hydra's basic launcher": lambda: command(
            "-m", *SMALL, *grid, "hydra/launcher=basic", "hydra/sweeper=basic"
        ),
        "one process for each fit": lambda: 8 * sum(
            command(*SMALL, f"field={field}", f"signal={photo}", "seed=0")
            for field, photo in itertools.product(FIELDS, PHOTOS)
        ),
    }  # fmt: skip
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _, (name, way) in itertools.product(range(rounds), ways.items()):
        taken[name].append(in_empty_folder(way))
    print(f"{'96 fits of 300 steps, 64 x 64':36} {'seconds':>8} {'to packed':>10}   (medians of {rounds})")
    packed = next(iter(taken.values()))
    for name, seconds in taken.items():
        ratio = statistics.median(b / a for a, b in zip(packed, seconds, strict=True))
        print(f"{name:36} {statistics.median(seconds):8.1f} {ratio:10.2f}")


def in_empty_folder(way: Callable[[], float]) -> float:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return way()
        finally:
            os.chdir(before)


def validate(rounds: int) -> None:
    """Seconds from the command until 1,000 fits have been composed and checked: the last four of them are wrong."""
    seeds = f"seed={','.join(map(str, range(249)))},-1"
    grid = [seeds, "field=relu,positional,gaussian,siren", "signal.size=32", "steps=2", "logger=none"]
    program = Path(sys.executable).with_name("fieldlab")
    whole, start_up = [], []
    for _ in range(rounds):
        for seconds, arguments in ((start_up, ["seed=-1"]), (whole, ["-m", *grid])):
            start = time.perf_counter()
            done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
            seconds.append(time.perf_counter() - start)
            assert done.returncode == 2, done.stderr
    one, all_of_them = statistics.median(start_up), statistics.median(whole)
    print(f"1,000 fits checked, the last four refused: {all_of_them:.1f} s; one: {one:.1f} s   (medians of {rounds})")


def report(rounds: int) -> None:
    """Seconds of `fieldlab-report` for 10,000 results that a random number generator made, and for 100 of them."""
    print(f"{'results':>8} {'seconds':>8}   (medians of {rounds})")
    for seeds in (1, 100):
        with tempfile.TemporaryDirectory() as folder:
            count = synthetic(Path(folder) / "synthetic", seeds)
            seconds = []
            for _ in range(rounds):
                start = time.perf_counter()
                subprocess.run(
                    [Path(sys.executable).with_name("fieldlab-report"), Path(folder) / "synthetic"],
                    stdout=subprocess.DEVNULL,
                    check=True,
                )
                seconds.append(time.perf_counter() - start)
        print(f"{count:8,} {statistics.median(seconds):8.1f}")


def synthetic(folder: Path, seeds: int) -> int:
    """Results of 4 fields x 5 learning rates x 5 photos x so many seeds."""
    draw_number = random.Random(0)
    planned: list[Planned] = []
    for field, rate in itertools.product(FIELDS, (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)):
        pattern = real_result(field, rate)
        for photo, seed in itertools.product(range(5), range(seeds)):
            dB = draw_number.gauss(25 + photo, 1)
            scores = {name: dB if name.endswith("psnr") else 0.9 for name in pattern.scores}
            curve = [
                {"step": 50 * i, "seconds": i / 10, **{n: v - 5 / i for n, v in scores.items()}} for i in range(1, 21)
            ]
            config = {
                **pattern.config,
                "seed": seed,
                "signal": {**pattern.config["signal"], "path": f"photo{photo}.png"},
            }
            name = f"{field}-photo{photo}-s{seed}-{rate}"
            (folder / name).mkdir(parents=True)
            replace(pattern, signal=f"photo{photo}", seed=seed, scores=scores, curve=curve, config=config).save(
                folder / name
            )
            planned.append(Planned(name, field, f"photo{photo}", seed))
    Plan("synthetic", "", "", "fieldlab.report.figure.save_figure", [], planned).save(folder)
    return len(planned)


def real_result(field: str, rate: float) -> Result:
    """The result of a real fit of two steps, to fill with numbers."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = (f"field={field}", f"field.learning_rate={rate}", "signal.size=16", "steps=2", "logger=none")
        fieldlab.fit([fieldlab.compose(*overrides, f"folder={folder}/fit")])
        return replace(read_result(Path(folder) / "fit"), study="synthetic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    benchmarks: dict[str, Callable[[int], None]] = {
        f.__name__: f
        for f in (overhead, levers, start, wall, quality, scale, sweep, validate, derivatives, modes, auto, report)
    }
    parser.add_argument("what", choices=benchmarks)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    benchmarks[arguments.what](arguments.rounds)


if __name__ == "__main__":
    main()
