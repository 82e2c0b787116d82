"""Derivative steps as fieldlab computes them, against the usual eager double backward of the same network and points."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import fieldlab
from fieldlab import metrics
from fieldlab.config.compose import settle
from fieldlab.field import Field
from fieldlab.runs.computation import Watchers
from fieldlab.runs.task import make_task
from fieldlab.tasks.fit.knowledge import knowledge

Overrides = tuple[str, ...]
Way = Callable[[Overrides, str], tuple[float, float]]

COMMON = (
    "field.network.depth=3",
    "field.learning_rate=1e-4",
    "optimizer=adam",
    "task.bf16_until=0",
    "trainer=cpu",
    "task.scores=1",
)
OF_PHOTOS = (*COMMON, "split=all", "task.batch_size=null")
OF_SHAPES = (*COMMON, "task=surface", "signal.points=20000", "task.batch_size=8192")
OURS = {
    "fieldlab, eager": ("compile=false",),
    "fieldlab, compiled": ("compile=true",),
    "fieldlab, compiled, bf16 products": ("compile=true", "trainer.precision=bf16-mixed"),
}


def derivatives(rounds: int) -> None:
    """Milliseconds a step, and how good the fits become from the same weights, in turn.

    Steps are timed over 20 of them; PSNR (its free offset fitted) is that after 300 steps at 64 x 64 pixels, the mean
    distance at points of the surface that after 200 steps.
    """
    for supervise in ("gradient", "laplacian"):
        common = (*OF_PHOTOS, f"supervise={supervise}", "supervise.free=offset", "supervise.derivatives=false")
        timed, judged = (*common, "signal.size=128", "steps=20"), (*common, "signal.size=64", "steps=300")
        title = f"{supervise}, SIREN 256 x 3, 16,384 points"
        compare(title, rounds, double_backward, timed, judged, "PSNR", "full_psnr")
    timed, judged = (*OF_SHAPES, "steps=20"), (*OF_SHAPES, "steps=200")
    title = "signed distance, SIREN 256 x 3, 2 x 8,192 points"
    compare(title, rounds, eikonal, timed, judged, "surface", "surface_error")


def compare(
    title: str, rounds: int, baseline: Way, timed: Overrides, judged: Overrides, heading: str, score: str
) -> None:
    """A row for the usual way and for each of ours."""
    ways = {"double backward, eager": baseline}
    ways |= {name: lambda o, s, own=own: framework((*o, *own), s) for name, own in OURS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(way(timed, score)[0])
    print(f"{title:50} {'a step':>10} {'faster':>7} {heading:>9}   (medians of {rounds})")
    for name, way in ways.items():
        ratio = statistics.median(b / s for b, s in zip(next(iter(seconds.values())), seconds[name], strict=True))
        result = f"{way(judged, score)[1]:9.5f}" if score == "surface_error" else f"{way(judged, score)[1]:6.2f} dB"
        print(f"{name:50} {statistics.median(seconds[name]) * 1e3:7.1f} ms {ratio:6.2f}x {result}", flush=True)


def prepare(overrides: Overrides) -> Any:
    """What trains a configuration, ready to run."""
    config = settle(fieldlab.compose(*overrides))
    task = make_task(config)
    return task.compute([task.build(config)], Watchers())


def framework(overrides: Overrides, score: str) -> tuple[float, float]:
    """Seconds of optimisation a step, without compilation and scoring; the final score."""
    training = prepare(overrides)
    training.run()
    module = training.module
    return module.clock.spent["steps"] / module.samples.steps, module.progress[0].curve[-1][score] or 0.0


def double_backward(overrides: Overrides, score: str) -> tuple[float, float]:
    """The same fit in plain eager torch, with `autograd.grad(create_graph=True)`."""
    config = fieldlab.compose(*overrides)
    plain = settle(config)
    member: Any = make_task(plain).build(plain)
    [name] = list(config.supervise.constraints)
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
        everywhere = torch.ones(y.shape[:2], dtype=torch.bool)
        aligned = metrics.align(field(x)[None], y, "offset", everywhere)
    return seconds, metrics.psnr(aligned, y, everywhere).item()


def eikonal(overrides: Overrides, score: str) -> tuple[float, float]:
    """The same signed distance fit in plain eager torch: one forward and one double backward pass over all points."""
    config = fieldlab.compose(*overrides)
    task = prepare(overrides).module
    field, size = task.ensemble.member(0), config.task.batch_size
    task.samples.to(torch.device("cpu"), 0, 1)
    batches = [
        (torch.cat([batch["surface"].x[0], batch["space"].x[0]]), batch["surface"].data["normal"][0, :, 0])
        for batch in task.samples.batches(config.steps)
    ]
    optimizer = torch.optim.Adam(field.parameters(), lr=config.optimizer.lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)

    def loss(x: Tensor, normals: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        distance = field(x)[:, 0] - 0.5
        [slope] = torch.autograd.grad(distance.sum(), x, create_graph=True)
        return (
            3e3 * distance[:size].abs().mean()
            + 50 * torch.exp(-200 * distance[size:].abs()).mean()
            + 50 * (1 - torch.cosine_similarity(slope[:size], normals, dim=-1)).mean()
            + 50 * (slope.norm(dim=-1) - 1).abs().mean()
        )

    loss(*batches[0]).backward()
    start = time.perf_counter()
    for batch in batches:
        optimizer.zero_grad(set_to_none=True)
        loss(*batch).backward()
        torch.nn.utils.clip_grad_norm_(field.parameters(), config.task.clip_norm)
        optimizer.step()
        schedule.step()
    seconds = (time.perf_counter() - start) / config.steps
    with torch.no_grad():
        return seconds, (field(task.probes.surface[0])[:, 0] - 0.5).abs().mean().item()


def gradient(field: Field, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    [slope] = torch.autograd.grad(field(x).sum(), x, create_graph=True)
    return slope[:, None]


def laplacian(field: Field, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    [slope] = torch.autograd.grad(field(x).sum(), x, create_graph=True)
    bends = [torch.autograd.grad(slope[:, j].sum(), x, create_graph=True)[0][:, j] for j in range(x.shape[1])]
    return torch.stack(bends).sum(0)[:, None]
