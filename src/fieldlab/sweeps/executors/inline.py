"""Inline: one pack after the other, in this process."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from fieldlab.sweeps.executors.executor import Executor, Work


class Inline(Executor):
    """In this process, on the device that the trainer chooses."""

    def close(self) -> None: ...

    @property
    def workers(self) -> int:
        return 1

    def run(self, work: Work, packs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        for i, pack in enumerate(packs):
            try:
                yield i, work(pack)
            except Exception as error:
                if os.environ.get("FIELDLAB_DEBUG") == "1":
                    raise
                yield i, error
