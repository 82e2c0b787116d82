"""What every executor does: some work for each of many packs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Work = Callable[[Any], Any]


class WorkerLostError(RuntimeError):
    """A process that computed a pack is gone, without a result."""


class Executor(ABC):
    """Computes packs somewhere, several at once perhaps, in processes that see the same files."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many packs are computed at once."""

    @abstractmethod
    def run(self, work: Work, packs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """`work(pack)` for each; as each ends, its index and what came of it: the result, or an Exception."""

    @abstractmethod
    def close(self) -> None:
        """Let go of processes that wait for more packs."""
