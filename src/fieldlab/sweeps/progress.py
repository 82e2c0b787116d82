"""The progress line of a sweep, and a line for each fit that ends."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fieldlab.runs.lock import OWNER
from fieldlab.runs.result import RESULT, one_line, result_or_none

LOOK_SECONDS = 1.0
MOST_OF_A_CORE = 0.05


class SweepLine:
    """Fits done, failed and running, fits per minute and time left, from the files that fits leave.

    They may be computed by any process on any machine. The line itself is silent where nobody watches.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.waiting = {folder: read_time(folder / RESULT) for folder in folders}
        self.counts: Counter[str] = Counter()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self) -> "SweepLine":
        self.begun, self.clock = time.time_ns(), time.monotonic()
        total = len(self.waiting)
        form = "{n_fmt}/{total_fmt} fits |{bar:24}|{postfix}"
        self.bar = tqdm(total=total, bar_format=form, disable=None, leave=False, dynamic_ncols=True)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.thread.join()
        self.look()
        self.bar.close()

    def say(self, text: str) -> None:
        """A line of its own, above the progress line."""
        self.bar.write(text)
        sys.stdout.flush()

    def watch(self) -> None:
        pause = 0.0
        while not self.over.wait(max(LOOK_SECONDS, pause)):
            start = time.monotonic()
            self.look()
            pause = (time.monotonic() - start) / MOST_OF_A_CORE  # many fits, or a slow network's files

    def look(self) -> None:
        """Announce what has ended since the last look."""
        for folder, before in list(self.waiting.items()):
            now = read_time(folder / RESULT)
            if now is None or now == before or (result := result_or_none(folder)) is None:
                continue
            del self.waiting[folder]
            self.counts[result.status] += 1
            self.say(f"[{self.counts.total()}/{self.bar.total}] {one_line(result)}")
            self.bar.update()
        if not self.bar.disable:
            self.bar.set_postfix_str(self.state())

    def state(self) -> str:
        """`2 failed, 8 running, 42.0 fits/min, 01:30 left`."""
        running = sum((read_time(folder / OWNER) or 0) >= self.begun for folder in self.waiting)
        parts: dict[str, Any] = {
            "failed": self.counts["failed"],
            "diverged": self.counts["diverged"],
            "running": running,
        }
        texts = [f"{count} {what}" for what, count in parts.items() if count]
        if done := self.counts.total():
            pace = (time.monotonic() - self.clock) / done
            texts += [f"{60 / pace:.3g} fits/min", f"{tqdm.format_interval(pace * len(self.waiting))} left"]
        return " " + ", ".join(texts)


def read_time(file: Path) -> int | None:
    """When a file was last written, in nanoseconds; None where there is none."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
