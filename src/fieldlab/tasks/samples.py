"""Samples: the points that a task trains on and is scored on, resident on the device that computes."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from lightning import LightningDataModule
from torch import Tensor

from fieldlab.signals.grid import Signal
from fieldlab.signals.splits import Split

CHUNK = 25  # steps per training_step: enough for the Trainer's own cost to vanish


class Chunk(NamedTuple):
    """`steps` optimisation steps that end at `step`, and whether the task is scored there."""

    steps: int
    step: int
    scored: bool


@dataclass(frozen=True)
class Chunks:
    """A whole fit, or what is left of it after `start`, cut at every 25th step and wherever it is scored: the
    Trainer's one epoch."""

    steps: int
    scored_every: int
    start: int

    @property
    def stops(self) -> list[int]:
        every = {*range(CHUNK, self.steps, CHUNK), *range(self.scored_every, self.steps, self.scored_every)}
        return sorted(stop for stop in every | {self.steps} if stop > self.start)

    def __len__(self) -> int:
        return len(self.stops)

    def __iter__(self) -> Iterator[Chunk]:
        for start, stop in itertools.pairwise([self.start, *self.stops]):
            yield Chunk(stop - start, stop, scored=stop % self.scored_every == 0 or stop == self.steps)


class Samples(LightningDataModule):
    """Coordinates and values of m members' signals, dealt in full or random batches.

    `batch_size` None gives every training sample at each step. Otherwise each step takes that many: drawn
    with `replacement`, or from a stream of shuffled epochs, in which every sample comes up equally often.
    Each member draws from its own generator, so that it sees the batches it would see alone. On several devices
    each takes its share of every batch.
    """

    def __init__(
        self,
        signals: Sequence[Signal],
        splits: Sequence[Split],
        seeds: Sequence[int],
        *,
        batch_size: int | None,
        replacement: bool,
        steps: int,
        scored_every: int,
    ) -> None:
        super().__init__()
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, or null for all samples, not {batch_size}")
        self.grid = signals[0].grid
        self.x = torch.stack([signal.coordinates() for signal in signals])
        self.y = torch.stack([signal.values.flatten(0, -2) for signal in signals])
        self.masks: dict[str, Bool[Tensor, "m n"]] = {
            part: torch.stack([getattr(split, part) for split in splits]) for part in ("train", "validation", "test")
        }
        self.trained: Int[Tensor, "m n"] = torch.stack([split.train.nonzero()[:, 0] for split in splits])
        self.seeds = seeds
        self.batch_size = batch_size if batch_size is None or replacement else min(batch_size, self.trained.shape[1])
        self.replacement = replacement
        self.steps = steps
        self.scored_every = scored_every
        self.start = 0  # the step after which a fit begins: above 0 where it continues

    def to(self, device: torch.device, rank: int, world: int) -> None:
        """Move the samples to this device, one of `world`, and start each member's generator there."""
        self.rank, self.world = rank, world
        self.x, self.y, self.trained = (tensor.to(device) for tensor in (self.x, self.y, self.trained))
        self.masks = {part: mask.to(device) for part, mask in self.masks.items()}
        self.generators = [torch.Generator(device).manual_seed(seed) for seed in self.seeds]
        self.leftover = self.trained.new_empty(len(self.seeds), 0)
        self.whole = self.take(self.share(self.trained)) if self.batch_size is None else None

    def state(self) -> dict[str, Any]:
        """What the next batches depend on."""
        return {"generators": [g.get_state() for g in self.generators], "leftover": self.leftover}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Deal on from where `state` was taken."""
        for generator, inner in zip(self.generators, state["generators"], strict=True):
            generator.set_state(inner)
        self.leftover = state["leftover"].to(self.trained.device)

    @property
    def times_scored(self) -> int:
        return -(-self.steps // self.scored_every)

    def train_dataloader(self) -> Chunks:
        return Chunks(self.steps, self.scored_every, self.start)

    def batches(self, steps: int) -> Iterator[tuple[Float[Tensor, "m b dim"], Float[Tensor, "m b c"]]]:
        """x and y of the next steps."""
        if self.whole is not None:
            yield from [self.whole] * steps
        else:
            for chosen in self.draw(steps).unbind(1):
                yield self.take(self.trained.gather(1, self.share(chosen)))

    def share(self, index: Int[Tensor, "m b"]) -> Int[Tensor, "m part"]:
        """This device's part of a batch; all draw the same one."""
        return index.tensor_split(self.world, dim=1)[self.rank]

    @property
    def weight(self) -> float:
        """What makes the mean over devices of their shares' means the mean over the batch."""
        mine = self.in_a_step // self.world + (self.rank < self.in_a_step % self.world)
        return mine * self.world / self.in_a_step

    @property
    def in_a_step(self) -> int:
        """Samples of each member in a step."""
        return self.trained.shape[1] if self.batch_size is None else self.batch_size

    def take(self, index: Int[Tensor, "m b"]) -> tuple[Float[Tensor, "m b dim"], Float[Tensor, "m b c"]]:
        rows = index[..., None]
        x = self.x.gather(1, rows.expand(-1, -1, self.x.shape[-1]))
        return x, self.y.gather(1, rows.expand(-1, -1, self.y.shape[-1]))

    def draw(self, steps: int) -> Int[Tensor, "m steps b"]:
        """Which training samples the next steps see."""
        assert self.batch_size is not None
        total, wanted = self.trained.shape[1], steps * self.batch_size
        device = self.trained.device
        if self.replacement:
            rows = [torch.randint(total, (wanted,), generator=g, device=device) for g in self.generators]
            return torch.stack(rows).unflatten(1, (steps, -1))
        epochs = -(-(wanted - self.leftover.shape[1]) // total)
        shuffled = [
            torch.cat([torch.randperm(total, generator=g, device=device) for _ in range(epochs)])
            if epochs > 0
            else self.leftover.new_empty(0)
            for g in self.generators
        ]
        stream = torch.cat([self.leftover, torch.stack(shuffled)], dim=1)
        self.leftover = stream[:, wanted:]
        return stream[:, :wanted].unflatten(1, (steps, -1))
