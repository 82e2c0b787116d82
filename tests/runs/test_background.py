"""Trackers are told in a thread of their own: in order, without a fit that waits, and without harm to it."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conftest import Said
from fieldlab.runs.result import Result
from fieldlab.runs.tracking.background import InBackground
from fieldlab.runs.tracking.tracker import Pictures, Tracker

RESULT = Result("finished", "mine", "siren", "camera", 0, 10)


class Slow(Tracker):
    """Notes what it is told, once it may; one thing it does not take."""

    def __init__(self) -> None:
        super().__init__(pictures=3)
        self.may, self.told, self.threads = threading.Event(), [], set()

    def note(self, *what: Any) -> None:
        assert self.may.wait(10)
        self.threads.add(threading.current_thread())
        self.told.append(what)

    def settle(self) -> None: ...

    def publish(self, folder: Path) -> None: ...

    def start(self, configs: Sequence[Mapping[str, Any]]) -> None:
        self.note("start", len(configs))

    def log(self, m: int, step: int, scores: Mapping[str, float | None], pictures: Pictures) -> None:
        if step == 20:
            raise ConnectionError("lost")
        self.note("log", m, step)

    def finish(self, m: int, result: Result) -> None:
        self.note("finish", m, result.status)

    def close(self) -> None:
        self.note("close")


def test_everything_is_told_in_order_while_nobody_waits_before_the_end(said: Said):
    slow = Slow()
    tracker = InBackground(slow)
    assert tracker.pictures == 3
    tracker.start([{}, {}])
    for step in (10, 20, 30):
        tracker.log(0, step, {}, {})
    tracker.finish(1, RESULT)
    assert slow.told == []  # it is told nothing yet, and we are here already
    slow.may.set()
    tracker.close()
    assert slow.told == [("start", 2), ("log", 0, 10), ("log", 0, 30), ("finish", 1, "finished"), ("close",)]
    assert threading.current_thread() not in slow.threads
    assert said() == ["tracking: ConnectionError: lost"]
