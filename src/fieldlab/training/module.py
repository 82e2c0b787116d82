"""TaskModule: the loss of a task's members, their optimisation and their scores."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from lightning import LightningModule
from torch import Tensor, nn

from fieldlab.metrics import Scores
from fieldlab.training.batches import Batches
from fieldlab.training.chunks import Chunk
from fieldlab.training.clock import Clock
from fieldlab.training.compiling import compile_losses, pays
from fieldlab.training.machine import can_compile
from fieldlab.training.optimisation import (
    Descent,
    clip_by_member,
    copy_groups,
    relative_rates,
    resolve_conjugates,
    shorten_steps,
)

State = dict[str, Any]  # of a task, as a checkpoint keeps it


@dataclass
class Progress:
    """The curve of one member so far, and the step at which it diverged."""

    curve: list[dict[str, float | None]] = field(default_factory=list)
    diverged_at: int | None = None


class TaskModule(LightningModule, ABC):
    """Minimise a loss for each of several members, as if each were alone.

    What is optimised is one `ensemble`, whose parameters have the members along their first axis, in equal parts. The loss
    is summed over members, so that each descends by its own gradient. Optimisation is by hand, many steps to a
    `training_step`, and nothing waits for the device within them: a member whose loss is no longer finite is noticed at the
    end of a chunk. `clip_norm` bounds each member's gradient norm. On several devices each computes its share of every
    batch, and of what is scored.
    """

    def __init__(
        self, ensemble: nn.Module, members: int, samples: Batches, descent: Descent, clip_norm: float | None
    ) -> None:
        super().__init__()
        if clip_norm is not None and clip_norm <= 0:
            raise ValueError(f"clip_norm must be positive or null, not {clip_norm}")
        self.automatic_optimization = False
        self.ensemble = ensemble
        self.members = members
        self.samples = samples
        self.descent = descent
        self.clip_norm = clip_norm
        self.losses = self.total
        self.compiled = False
        self.progress = [Progress() for _ in range(members)]
        self.clock = Clock()
        self.reached = 0  # the last step that was taken
        self.earlier: State | None = None

    @abstractmethod
    def total(self, batch: Any) -> Float[Tensor, "m"]:
        """The loss of each member."""

    @abstractmethod
    def to_device(self) -> None:
        """Move what is scored to the device that computes."""

    @abstractmethod
    def measure(self, *, whole: bool) -> tuple[list[Scores], list[bool]]:
        """The current scores of every member, and whether all that they are computed from is finite.

        Not `whole`: scores on the way, which may be fewer, and of a fixed part of what is scored at the end, where all
        would take long.
        """

    @abstractmethod
    def render(self, m: int) -> Mapping[str, np.ndarray]:
        """Pictures of member m after the last step, as RGB bytes."""

    def can_draw(self, steps: int) -> bool:
        """Whether a picture on the way costs little beside so many steps."""
        return True

    @abstractmethod
    def outcome(self, m: int) -> dict[str, Any]:
        """What the result of a member says once it has been fitted: `scores`, and `yardsticks`, the scores of each by its name."""

    @abstractmethod
    def facts(self, m: int) -> dict[str, Any]:
        """What a member's result says in any case: `parameters`, `grid`, `channels` and the like."""

    @abstractmethod
    def save(self, m: int, folder: Path) -> None:
        """Write what member m has learned into the fit's folder."""

    def configure_optimizers(self) -> Any:
        rate = None if self.descent.rates is None else max(self.descent.rates)
        self.optimizer = self.descent.make_optimizer(self.ensemble, rate)
        self.rate = self.descent.schedule(self.optimizer)
        return self.optimizer

    def resume(self, state: State) -> None:
        """Continue from where `state` was taken, instead of from step 0."""
        self.earlier = state
        self.samples.start = self.reached = state["step"]
        self.progress = [Progress(**progress) for progress in state["progress"]]
        self.clock.restore(state["seconds"])

    def on_train_start(self) -> None:
        self.samples.to(self.device, self.trainer.global_rank, self.trainer.world_size)
        self.to_device()
        if self.descent.rates is not None:
            self.shares = relative_rates(self.descent, self.ensemble, self.descent.rates, self.samples.steps).to(
                self.device
            )
        with self.clock.spend("compiling"):
            self.compiled = self.must_compile()
        if self.compiled:
            self.losses = compile_losses(self.total)
            with self.clock.spend("compiling"):
                self.warm_up()
        else:
            self.warm_up()
        if self.earlier is not None:
            self.restore(self.earlier)

    def state(self, step: int) -> State:
        """All that the steps after this one depend on, and what has been noted so far."""
        return {
            "step": step,
            "compiled": self.compiled,
            "ensemble": self.ensemble.state_dict(),
            "descent": self.optimizer.state_dict(),
            "rate": self.rate.state_dict(),
            "samples": self.samples.state(),
            "progress": [asdict(progress) for progress in self.progress],
            "seconds": self.clock.state(),
        }

    def restore(self, state: State) -> None:
        """Set parameters, optimiser, schedule and batches to the `state` of the same fit."""
        self.ensemble.load_state_dict(state["ensemble"])
        self.optimizer.load_state_dict(state["descent"])
        self.rate.load_state_dict(state["rate"])
        self.samples.restore(state["samples"])

    def must_compile(self) -> bool:
        """Whether the losses are compiled: as an interrupted training decided, as it is asked for, or where it pays."""
        wanted = self.descent.compiled if self.earlier is None else self.earlier["compiled"]
        if wanted != "auto":
            return wanted and can_compile()
        alone = self.samples.world == 1  # several would have to come to the same decision
        return alone and pays(self.samples.steps * self.count_flops(), self.device)

    def count_flops(self) -> float:
        """The floating-point operations of a step, as far as they are worth compiling; here none are."""
        return 0.0

    def warm_up(self) -> None:
        """Compile, and touch all memory, before the clock starts; no parameter and no random state changes."""
        with self.samples.look_ahead() as batch, self.trainer.precision_plugin.forward_context():
            for block in self.cut(batch):
                self.descend(block)
        self.ensemble.zero_grad(set_to_none=True)

    def training_step(self, chunk: Chunk, _: int) -> None:
        with self.clock.spend("steps"):
            batches = enumerate(self.samples.batches(chunk.steps), chunk.step - chunk.steps)
            seen = torch.stack([self.step(batch, number) for number, batch in batches])
            losses = self.over_devices(seen).tolist()  # waits for the device
        self.reached = chunk.step
        for member, progress in enumerate(self.progress):
            if progress.diverged_at is None:
                bad = [i for i, step in enumerate(losses) if not math.isfinite(step[member])]
                progress.diverged_at = chunk.step - chunk.steps + bad[0] + 1 if bad else None
        if chunk.scored:
            with self.clock.spend("scoring"):
                self.score(chunk.step)
        if all(progress.diverged_at is not None for progress in self.progress):
            self.trainer.should_stop = True

    def step(self, batch: Any, number: int) -> Float[Tensor, "m"]:
        """Take the optimiser's step of this number; the losses before it, of this device's share of the batch."""
        seen: list[Tensor] = []
        before = [] if self.descent.rates is None else copy_groups(self.optimizer)

        def closure() -> Tensor:
            self.optimizer.zero_grad(set_to_none=True)
            of_blocks = [self.descend(block) for block in self.cut(batch)]
            losses = torch.stack(of_blocks).sum(0)
            seen.append(losses)
            resolve_conjugates(self.ensemble)
            if self.clip_norm is not None:
                clip_by_member(self.ensemble, self.members, self.clip_norm)
            return losses.sum()

        self.optimizer.step(closure)  # type: ignore[arg-type]  # torch's stubs want a float where L-BFGS wants a tensor
        if self.descent.rates is not None:
            shorten_steps(self.optimizer, before, self.shares[number])
        self.rate.step()
        return seen[0]

    def descend(self, block: Any) -> Float[Tensor, "m"]:
        """Add a block's part to the gradient; its part of the losses."""
        losses = self.losses(block)
        self.manual_backward(losses.sum())
        return losses.detach()

    def cut(self, batch: Any) -> Sequence[Any]:
        """A batch in blocks whose losses add up to its own, so that less memory is in use at a time; here the whole."""
        return [batch]

    def score(self, step: int) -> None:
        """Append the scores at this step to every running member's curve; in float32, whatever trains."""
        with torch.autocast(self.device.type, enabled=False):
            scored, finite = self.measure(whole=step == self.samples.steps)
        for progress, scores, sound in zip(self.progress, scored, finite, strict=True):
            if progress.diverged_at is None and not sound:  # losses do not see the very last step
                progress.diverged_at = step
            if progress.diverged_at is None:
                seconds = round(self.clock.spent["steps"] / self.members, 4)
                progress.curve.append({"step": step, "seconds": seconds, **scores})

    def latest(self, m: int) -> Scores:
        """The last scores on a member's curve."""
        return {name: value for name, value in self.progress[m].curve[-1].items() if name not in ("step", "seconds")}

    def over_devices(self, tensor: Tensor) -> Tensor:
        """The sum over devices."""
        return self.trainer.strategy.reduce(tensor, reduce_op="sum")
