"""TaskModule: the loss of a task's members and their optimisation."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.training.batches import Batches
from fieldlab.training.chunks import Chunk
from fieldlab.training.compiling import compile_losses, pays
from fieldlab.training.machine import can_compile
from fieldlab.training.memory import keep_pages
from fieldlab.training.optimisation import (
    Descent,
    clip_by_member,
    copy_groups,
    relative_rates,
    resolve_conjugates,
    shorten_steps,
)
from fieldlab.training.scored_module import Progress, ScoredModule

State = dict[str, Any]  # of a task, as a checkpoint keeps it


class TaskModule(ScoredModule):
    """Minimise a loss for each of several members, as if each were alone.

    The loss is summed over members, so that each descends by its own gradient. Optimisation is by hand, many steps to a
    `training_step`, and nothing waits for the device within them: a member whose loss is no longer finite is noticed at the
    end of a chunk. `clip_norm` bounds each member's gradient norm. On several devices each computes its share of every
    batch.
    """

    def __init__(
        self, ensemble: nn.Module, members: int, samples: Batches, descent: Descent, clip_norm: float | None
    ) -> None:
        super().__init__(ensemble, members, samples)
        if clip_norm is not None and clip_norm <= 0:
            raise ValueError(f"clip_norm must be positive or null, not {clip_norm}")
        self.automatic_optimization = False
        self.descent = descent
        self.clip_norm = clip_norm
        self.losses = self.total
        self.compiled = False
        self.reached = 0  # the last step that was taken
        self.earlier: State | None = None

    @abstractmethod
    def total(self, batch: Any) -> Float[Tensor, "m"]:
        """The loss of each member."""

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
        if self.device.type == "cpu":
            keep_pages()
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
            "steps": self.samples.steps,
            "compiled": self.compiled,
            "ensemble": self.ensemble.state_dict(),
            "descent": self.optimizer.state_dict(),
            "rate": self.rate.state_dict(),
            "samples": self.samples.state(),
            "progress": [asdict(progress) for progress in self.progress],
            "seconds": self.clock.state(),
            "kept": self.kept,
        }

    def restore(self, state: State) -> None:
        """Set parameters, optimiser, schedule and batches to the `state` of the same fit."""
        self.ensemble.load_state_dict(state["ensemble"])
        self.optimizer.load_state_dict(state["descent"])
        self.rate.load_state_dict(state["rate"])
        self.samples.restore(state["samples"])
        self.kept = state["kept"]

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
            for number in self.turns:
                with self.products(number):
                    for block in self.cut(batch)[: None if number == 0 else 1]:
                        self.descend(block)
        self.ensemble.zero_grad(set_to_none=True)

    def products(self, number: int) -> AbstractContextManager[None]:
        """Within it products of matrices are as exact as in the step of this number; here as they are."""
        return nullcontext()

    @property
    def turns(self) -> Sequence[int]:
        """The steps from which on products are computed in another way than before."""
        return [0]

    def training_step(self, chunk: Chunk, _: int) -> None:
        with self.clock.spend("steps"):
            batches = enumerate(self.samples.batches(chunk.steps), chunk.step - chunk.steps)
            seen = torch.stack([self.step(batch, number) for number, batch in batches])
            losses = self.over_devices(seen).tolist()  # waits for the device
        self.reached = chunk.step
        self.advance(chunk.step)
        for member, progress in enumerate(self.progress):
            if progress.runs:
                bad = [i for i, step in enumerate(losses) if not math.isfinite(step[member])]
                progress.diverged_at = chunk.step - chunk.steps + bad[0] + 1 if bad else None
        if chunk.scored and not self.timed:
            with self.clock.spend("scoring"):
                self.score(chunk.step)
        if not any(progress.runs for progress in self.progress):
            self.trainer.should_stop = True

    def step(self, batch: Any, number: int) -> Float[Tensor, "m"]:
        """Take the optimiser's step of this number; the losses before it, of this device's share of the batch."""
        self.advance(number)
        seen: list[Tensor] = []
        before = [] if self.descent.rates is None else copy_groups(self.optimizer)

        def closure() -> Tensor:
            self.optimizer.zero_grad(set_to_none=True)
            with self.products(number):
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

    def advance(self, step: int) -> None:
        """Change what training changes but does not optimise to what it is after so many steps; here there is nothing."""

    def descend(self, block: Any) -> Float[Tensor, "m"]:
        """Add a block's part to the gradient; its part of the losses."""
        losses = self.losses(block)
        self.manual_backward(losses.sum())
        return losses.detach()

    def cut(self, batch: Any) -> Sequence[Any]:
        """A batch in blocks whose losses add up to its own, so that less memory is in use at a time; here the whole."""
        return [batch]
