"""InBackground: a tracker is told in a thread of its own, so that no fit waits for libraries to load or for a server."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fieldlab.runs.result import Result
from fieldlab.runs.tracking.tracker import Pictures, Tracker, safely

HEAD_START = 3.0  # seconds until a tracker's libraries are loaded, unless there is something to tell before


class InBackground:
    """Tells a tracker all that happens during fits, in order; `close` waits until it has heard everything.

    The first steps have a head start: loading libraries in a thread beside would hold them up.
    """

    def __init__(self, tracker: Tracker) -> None:
        self.tracker, self.pictures = tracker, tracker.pictures
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="tracking")
        self.told = threading.Event()

    def start(self, configs: Sequence[Mapping[str, Any]]) -> None:
        self.thread.submit(self.told.wait, HEAD_START)
        self.thread.submit(safely, self.tracker.start, configs)

    def log(self, m: int, step: int, scores: Mapping[str, float | None], pictures: Pictures) -> None:
        self.tell(self.tracker.log, m, step, scores, pictures)

    def finish(self, m: int, result: Result) -> None:
        self.tell(self.tracker.finish, m, result)

    def close(self) -> None:
        self.tell(self.tracker.close)
        self.thread.shutdown()

    def tell(self, method: Callable[..., None], *arguments: object) -> None:
        self.told.set()
        self.thread.submit(safely, method, *arguments)
