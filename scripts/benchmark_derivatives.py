"""Derivative steps as fieldlab computes them, against the usual eager double backward of the same network and points."""

import statistics
import time

import torch
from torch import Tensor

import fieldlab
from fieldlab import metrics
from fieldlab.field import Field
from fieldlab.prepare import assemble, prepare
from fieldlab.run import train
from fieldlab.tasks.knowledge import knowledge

COMMON = (
    "signal.size=128",
    "split=all",
    "field.network.depth=3",
    "field.learning_rate=1e-4",
    "trainer=cpu",
    "task.scores=1",
)
OURS = {
    "fieldlab, eager": ("compile=false",),
    "fieldlab, compiled": ("compile=true",),
    "fieldlab, compiled, bf16 products": ("compile=true", "trainer.precision=bf16-mixed"),
}


def derivatives(rounds: int) -> None:
    """Milliseconds a step and final PSNR (its free offset fitted), of 100 steps from the same weights, in turn."""
    for supervise in ("gradient", "laplacian"):
        overrides = (*COMMON, f"supervise={supervise}", "steps=100", "task.free=offset", "task.derivatives=false")
        ways = {"double backward, eager": lambda o=overrides: double_backward(o)}
        ways |= {name: lambda o=(*overrides, *own): framework(o) for name, own in OURS.items()}
        seen: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                seen[name].append(way())
        print(
            f"{supervise + ', SIREN 256 x 3, 16,384 points':44} {'a step':>10} {'faster':>7} {'PSNR':>9}   (medians of {rounds})"
        )
        baseline = [seconds for seconds, _ in next(iter(seen.values()))]
        for name, measured in seen.items():
            seconds, dB = (statistics.median(column) for column in zip(*measured, strict=True))
            ratio = statistics.median(b / s for b, (s, _) in zip(baseline, measured, strict=True))
            print(f"{name:44} {seconds * 1e3:7.1f} ms {ratio:6.2f}x {dB:6.2f} dB", flush=True)


def framework(overrides: tuple[str, ...]) -> tuple[float, float]:
    """Seconds of optimisation a step, without compilation and scoring; the final PSNR over all pixels."""
    config = fieldlab.compose(*overrides)
    task, trainer = assemble([prepare(config)])
    train(task, trainer)
    return task.seconds / config.steps, task.progress[0].curve[-1]["full_psnr"] or 0.0


def double_backward(overrides: tuple[str, ...]) -> tuple[float, float]:
    """The same fit in plain eager torch, with `autograd.grad(create_graph=True)`."""
    config = fieldlab.compose(*overrides)
    member = prepare(config)
    [name] = list(config.task.constraints)
    known = knowledge([f"target_{name}", f"{name}_scale"], [member.signal], config.task.stencil)
    target, scale = (tensor[0] for tensor in known.values())
    operator = gradient if name == "gradient" else laplacian
    x, field = member.signal.coordinates(), member.field
    optimizer = torch.optim.Adam(field.parameters(), lr=config.optimizer.lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    ((operator(field, x) - target) / scale).square().mean().backward()
    start = time.perf_counter()
    for _ in range(config.steps):
        optimizer.zero_grad(set_to_none=True)
        ((operator(field, x) - target) / scale).square().mean().backward()
        optimizer.step()
        schedule.step()
    seconds = (time.perf_counter() - start) / config.steps
    y = member.signal.values.flatten(0, -2)[None]
    with torch.no_grad():
        aligned = metrics.align(field(x)[None], y, "offset")
    return seconds, metrics.psnr(aligned, y, torch.ones(y.shape[:2], dtype=torch.bool)).item()


def gradient(field: Field, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    [slope] = torch.autograd.grad(field(x).sum(), x, create_graph=True)
    return slope[:, None]


def laplacian(field: Field, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    [slope] = torch.autograd.grad(field(x).sum(), x, create_graph=True)
    bends = [torch.autograd.grad(slope[:, j].sum(), x, create_graph=True)[0][:, j] for j in range(x.shape[1])]
    return torch.stack(bends).sum(0)[:, None]
