"""Tasks that measure: a function of what each configuration describes, without steps, curve or Trainer."""

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fieldlab.runs.computation import Computation, Watchers
from fieldlab.runs.task import Config, Facts, Member, Once, Task

Scores = Mapping[str, float | None]


class MeasuredTask(Task):
    """A task whose runs are measured: built, asked for their scores, and saved."""

    @abstractmethod
    def measure(self, member: Any) -> Scores:
        """The scores of what a configuration describes."""

    def describe(self, member: Any) -> dict[str, Any]:
        """What results say of a member besides: `grid`, `channels`, `parameters`."""
        return {}

    def save(self, member: Any, folder: Path) -> None:
        """Write what a run leaves besides its result."""

    def check(self, config: Config, devices: int, once: Once) -> Facts:
        self.build(config)
        return Facts(self.name_subject(config), None)

    def rescore(self, config: Config, folder: Path) -> Mapping[str, Any]:
        computation = self.compute([self.build(config)], Watchers())
        computation.run()
        return computation.score(0)

    def compute(self, members: Sequence[Member], watchers: Watchers) -> "Measuring":
        return Measuring(self, members)


class Measuring(Computation):
    """Members that are measured one after the other."""

    def __init__(self, task: MeasuredTask, members: Sequence[Member]) -> None:
        self.task, self.members = task, members
        self.scores: list[Scores] = []

    def resume(self) -> None:
        """Nothing is saved on the way."""

    def discard(self) -> None:
        """Nothing is saved on the way."""

    def stop(self) -> None:
        """There are no other processes."""

    def run(self) -> None:
        """Measure all members."""
        start = time.perf_counter()
        self.scores = [self.task.measure(member) for member in self.members]
        self.seconds = time.perf_counter() - start

    def describe(self, m: int) -> dict[str, Any]:
        seconds = round(self.seconds / len(self.members), 3)
        return {**self.task.describe(self.members[m]), "seconds": seconds, "members": len(self.members)}

    def score(self, m: int) -> dict[str, Any]:
        return {"scores": self.scores[m]}

    def save(self, m: int, folder: Path) -> None:
        self.task.save(self.members[m], folder)
