#!/usr/bin/env python
"""Benchmarks: each prints ratios against a baseline measured in the same run.

python scripts/benchmark.py overhead      the framework against a bare torch loop of the same step
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

import fieldlab
from fieldlab.field import build_field, draw
from fieldlab.prepare import assemble, prepare
from fieldlab.run import train

CASES = {
    "SIREN 256x4 on 256 x 256 pixels": ("signal.size=256", "split=all", "steps=12"),
    "the same, batches of 8,192": ("signal.size=256", "split=all", "task.batch_size=8192", "steps=200"),
    "tiny SIREN 32x2 on 16 x 16 pixels": (
        "signal.size=16", "split=all", "steps=4000", "field.network.width=32", "field.network.depth=2",
    ),
}  # fmt: skip


def bare_loop(overrides: tuple[str, ...]) -> float:
    """Seconds a step of plain torch: one module, Adam, cosine schedule, mean squared error."""
    config = fieldlab.compose("trainer=cpu", *overrides)
    signal = prepare(config).signal
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
    config = fieldlab.compose("trainer=cpu", "task.scores=1", *overrides)
    task, trainer = assemble([prepare(config)])
    warm_up, scoring = timed(task, "warm_up"), timed(task, "score")
    start = time.perf_counter()
    train(task, trainer)
    return (time.perf_counter() - start - sum(warm_up) - sum(scoring)) / config.steps


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["overhead"])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    overhead(arguments.rounds)


if __name__ == "__main__":
    main()
