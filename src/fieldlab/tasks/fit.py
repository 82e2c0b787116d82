"""Fit: make fields take the values of their signals."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from lightning import LightningModule
from torch import Tensor, nn

from fieldlab import metrics
from fieldlab.field import POINTS_AT_ONCE, Ensemble
from fieldlab.metrics import Free, Scores
from fieldlab.operators import OPERATORS, Function, value
from fieldlab.signals.grid import Signal
from fieldlab.signals.splits import Split
from fieldlab.signals.stencils import Stencil
from fieldlab.tasks.constraints import Constraint
from fieldlab.tasks.descent import clip_by_member, compile_losses, relative_rates, shorten_steps
from fieldlab.tasks.knowledge import knowledge, needed
from fieldlab.tasks.samples import Batch, Chunk, Samples

DERIVATIVES = {"gradient": "target_gradient", "laplacian": "target_laplacian"}  # that are scored: operator and target

State = dict[str, Any]  # of a task, as a checkpoint keeps it


@dataclass
class Progress:
    """What has become of one member so far."""

    curve: list[dict[str, float | None]] = field(default_factory=list)
    diverged_at: int | None = None


class Fit(LightningModule):
    """Minimise the sum of constraints for each member of an ensemble, as if it were alone.

    The loss is summed over members, so that each descends by its own gradient. Optimisation is by hand, many
    steps to a `training_step`, and nothing waits for the device within them: a member whose loss is no longer
    finite is noticed at the end of a chunk. `scores` is the number of points on the curve; `clip_norm` bounds
    each member's gradient norm. What the constraints leave `free` is fitted before scoring; with `derivatives` gradient
    and Laplacian are scored too, against those that the `stencil` takes of the signal. On several devices each computes
    its share of every batch, and of the samples that are scored. `rates` are the members' learning rates where they
    differ: the optimiser steps with the largest, and each member goes its share of that step.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        signals: Sequence[Signal],
        splits: Sequence[Split],
        seeds: Sequence[int],
        *,
        constraints: Mapping[str, Constraint],
        free: Free,
        derivatives: bool,
        stencil: Stencil,
        batch_size: int | None,
        replacement: bool,
        scores: int,
        clip_norm: float | None,
        steps: int,
        optimizer: Callable[..., torch.optim.Optimizer],
        schedule: Callable[[torch.optim.Optimizer], Any],
        rates: Sequence[float] | None,
        compiled: bool,
    ) -> None:
        super().__init__()
        if not constraints:
            raise ValueError("constraints is empty: nothing would be learned")
        if scores < 1:
            raise ValueError(f"scores, the number of points on the curve, must be at least 1, not {scores}")
        if clip_norm is not None and clip_norm <= 0:
            raise ValueError(f"clip_norm must be positive or null, not {clip_norm}")
        self.automatic_optimization = False
        self.ensemble = ensemble
        names = needed(constraints, signals[0], splits[0])
        scored = DERIVATIVES if derivatives else {}
        facts = knowledge({*names, *scored.values()}, signals, stencil)
        self.samples = Samples(
            signals,
            splits,
            seeds,
            regions=[constraint.region for constraint in constraints.values()],
            data={name: facts[name] for name in names},
            batch_size=batch_size,
            replacement=replacement,
            steps=steps,
            scored_every=-(-steps // scores),
        )
        self.constraints = nn.ModuleDict(constraints)
        self.free: Free = free
        self.derivatives = {operator: facts[target] for operator, target in scored.items()}
        self.make_optimizer = optimizer
        self.make_schedule = schedule
        self.rates = rates
        self.clip_norm = clip_norm
        self.losses = compile_losses(self.total) if compiled else self.total
        self.progress = [Progress() for _ in range(ensemble.members)]
        self.seconds = 0.0  # spent on optimisation alone
        self.earlier: State | None = None

    def configure_optimizers(self) -> Any:
        largest = {} if self.rates is None else {"lr": max(self.rates)}
        self.descent = self.make_optimizer(self.ensemble.parameters(), **largest)
        self.rate = self.make_schedule(self.descent)
        return self.descent

    def total(self, batch: Batch) -> Float[Tensor, "m"]:
        """The sum of constraints, by member."""
        return torch.stack([constraint(self.ensemble, batch) for constraint in self.constraints.values()]).sum(0)

    def resume(self, state: State) -> None:
        """Begin where `state` was taken, instead of at step 0."""
        self.earlier = state
        self.samples.start = state["step"]
        self.progress = [Progress(**progress) for progress in state["progress"]]
        self.seconds = state["seconds"]

    def on_train_start(self) -> None:
        self.samples.to(self.device, self.trainer.global_rank, self.trainer.world_size)
        self.derivatives = {operator: target.to(self.device) for operator, target in self.derivatives.items()}
        if self.rates is not None:
            shares = relative_rates(self.make_optimizer, self.make_schedule, self.rates, self.samples.steps)
            self.shares = shares.to(self.device)
        self.warm_up()
        if self.earlier is not None:
            self.restore(self.earlier)

    def state(self, step: int) -> State:
        """All that the steps after this one depend on, and what has been noted so far."""
        return {
            "step": step,
            "ensemble": self.ensemble.state_dict(),
            "descent": self.descent.state_dict(),
            "rate": self.rate.state_dict(),
            "samples": self.samples.state(),
            "progress": [asdict(progress) for progress in self.progress],
            "seconds": self.seconds,
        }

    def restore(self, state: State) -> None:
        """Give parameters, optimiser, schedule and batches the `state` of the same fit."""
        self.ensemble.load_state_dict(state["ensemble"])
        self.descent.load_state_dict(state["descent"])
        self.rate.load_state_dict(state["rate"])
        self.samples.restore(state["samples"])

    def warm_up(self) -> None:
        """Compile, and touch all memory, before the clock starts; no parameter and no random state changes."""
        state = [(generator, generator.get_state()) for generator in self.samples.generators]
        for batch in self.samples.batches(1):
            with self.trainer.precision_plugin.forward_context():
                self.manual_backward(self.losses(batch).sum())
        self.ensemble.zero_grad(set_to_none=True)
        for generator, before in state:
            generator.set_state(before)
        self.samples.forget()

    def training_step(self, chunk: Chunk, _: int) -> None:
        start = time.perf_counter()
        first = chunk.step - chunk.steps
        batches = enumerate(self.samples.batches(chunk.steps), first)
        seen = torch.stack([self.step(batch, number) for number, batch in batches])
        losses = self.over_devices(seen).tolist()
        self.seconds += time.perf_counter() - start  # tolist() has waited for the device
        for member, progress in enumerate(self.progress):
            if progress.diverged_at is None:
                bad = [i for i, step in enumerate(losses) if not math.isfinite(step[member])]
                progress.diverged_at = chunk.step - chunk.steps + bad[0] + 1 if bad else None
        if chunk.scored:
            self.score(chunk.step)
        if all(progress.diverged_at is not None for progress in self.progress):
            self.trainer.should_stop = True

    def step(self, batch: Batch, number: int) -> Float[Tensor, "m"]:
        """The optimiser's step of this number; the losses before it, of this device's share of the batch."""
        seen: list[Tensor] = []
        before = [] if self.rates is None else [p.detach().clone() for p in self.ensemble.parameters()]

        def closure() -> Tensor:
            self.descent.zero_grad(set_to_none=True)
            losses = self.losses(batch)
            seen.append(losses.detach())
            total = losses.sum()
            self.manual_backward(total)
            if self.clip_norm is not None:
                clip_by_member(self.ensemble, self.clip_norm)
            return total

        self.descent.step(closure)  # type: ignore[arg-type]  # torch's stubs want a float where L-BFGS wants a tensor
        if self.rates is not None:
            shorten_steps(self.ensemble, before, self.shares[number])
        self.rate.step()
        return seen[0]

    def score(self, step: int) -> None:
        """Append the scores at this step to every running member's curve; in float32, whatever trains."""
        with torch.autocast(self.device.type, enabled=False):
            prediction = self.evaluate(value)
            self.prediction = metrics.align(prediction, self.samples.y, self.free)
            pairs = {name: (self.evaluate(OPERATORS[name]), target) for name, target in self.derivatives.items()}
            scored = self.scores(self.prediction, pairs)
        finite = prediction.isfinite().flatten(1).all(1).tolist()  # losses do not see the very last step
        for progress, scores, sound in zip(self.progress, scored, finite, strict=True):
            if progress.diverged_at is None and not sound:
                progress.diverged_at = step
            if progress.diverged_at is None:
                seconds = round(self.seconds / self.ensemble.members, 4)
                progress.curve.append({"step": step, "seconds": seconds, **scores})

    @torch.no_grad()
    def evaluate(self, operator: Callable[[Function, Tensor], Tensor]) -> Float[Tensor, "m n ..."]:
        """The operator of the fields at every sample of the grid, in blocks, which devices share out."""
        x, rank, world = self.samples.x, self.samples.rank, self.samples.world
        block = max(1, POINTS_AT_ONCE // self.ensemble.members)
        whole = x.new_zeros(*x.shape[:2], *operator(self.ensemble, x[:, :1]).shape[2:])
        for start in range(0, x.shape[1], block)[rank::world]:
            part = slice(start, start + block)
            whole[:, part] = operator(self.ensemble, x[:, part])
        return self.over_devices(whole)

    def over_devices(self, tensor: Tensor) -> Tensor:
        """The sum over devices."""
        return self.trainer.strategy.reduce(tensor, reduce_op="sum")

    def scores(
        self, prediction: Float[Tensor, "m n c"], derivatives: Mapping[str, tuple[Tensor, Tensor]] | None = None
    ) -> list[Scores]:
        """PSNR in dB over training, validation, test and all samples, SSIM over all; None where undefined."""
        return metrics.scores(prediction, self.samples.y, self.samples.masks, self.samples.grid, derivatives or {})
