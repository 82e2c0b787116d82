"""Chunks: a fit cut into calls of the Trainer, each of many steps."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

CHUNK = 25  # steps per training_step: enough for the Trainer's own cost to vanish


class Chunk(NamedTuple):
    """`steps` optimisation steps that end at `step`, and whether the task is scored there."""

    steps: int
    step: int
    scored: bool


@dataclass(frozen=True)
class Chunks:
    """The chunks of a fit after step `start`, cut at every 25th step and wherever it is scored: the Trainer's one epoch."""

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
