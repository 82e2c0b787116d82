"""How long a command takes to its first step."""

import os
import re
import statistics
import subprocess
import sys
import tempfile

LIGHTNING = "import time; t = time.perf_counter(); import lightning; print('took', time.perf_counter() - t)"
FIRST = """
import sys, time
t = time.perf_counter()
from fieldlab.cli.run import main
from fieldlab.training.module import TaskModule
whole = TaskModule.training_step
def first(self, chunk, number):
    print("took", time.perf_counter() - t, file=sys.stderr)
    TaskModule.training_step = whole
    return whole(self, chunk, number)
TaskModule.training_step = first
sys.argv = ["fieldlab", "steps=2", "signal.size=64", "trainer=cpu", "resume=false", *sys.argv[1:]]
main()
"""


def start(rounds: int) -> None:
    """Seconds from the command to the first step of a short fit, beside those of `import lightning`. In turn; medians."""
    print(f"load before: {os.getloadavg()[0]:.2f}")
    seen: dict[str, list[float]] = {"import lightning": [], "logger=none": [], "logger=wandb": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name, times in seen.items():
                code = [LIGHTNING] if name == "import lightning" else [FIRST, name]
                done = subprocess.run(
                    [sys.executable, "-c", *code], cwd=folder, capture_output=True, text=True, check=True
                )
                [seconds] = re.findall(r"^took (\S+)$", done.stdout + done.stderr, re.MULTILINE)
                times.append(float(seconds))
    base = statistics.median(seen["import lightning"])
    for name, times in seen.items():
        print(
            f"{name:18} {statistics.median(times):6.2f} s {statistics.median(times) - base:+6.2f} s   (median of {rounds})"
        )
