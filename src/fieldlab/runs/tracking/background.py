"""InBackground: a tracker is told in a thread of its own, so that no fit waits for libraries to load or for a server."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fieldlab.runs.result import Result
from fieldlab.runs.tracking.tracker import Pictures, Tracker, safely


class InBackground:
    """Tells a tracker all that happens during fits, in order; `close` waits until it has heard everything."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker, self.pictures = tracker, tracker.pictures
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="tracking")

    def start(self, configs: Sequence[Mapping[str, Any]]) -> None:
        self.thread.submit(safely, self.tracker.start, configs)

    def log(self, m: int, step: int, scores: Mapping[str, float | None], pictures: Pictures) -> None:
        self.thread.submit(safely, self.tracker.log, m, step, scores, pictures)

    def finish(self, m: int, result: Result) -> None:
        self.thread.submit(safely, self.tracker.finish, m, result)

    def close(self) -> None:
        self.thread.submit(safely, self.tracker.close)
        self.thread.shutdown()
