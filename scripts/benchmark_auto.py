"""How long it takes to find a bandwidth that is left to the program, beside a step of the fit that it is for."""

import os
import statistics
import time

import fieldlab
from fieldlab.config.compose import settle
from fieldlab.runs.duration import time_step
from fieldlab.runs.task import make_task
from fieldlab.tasks.field_bandwidth import choose, find_best

KEYS = {"gaussian": "encoding.sigma", "positional": "encoding.num_octaves", "siren": "network.first_omega_0"}


def auto(rounds: int) -> None:
    """Seconds for 256 x 256 pixels, grey and in colour, and how many steps of the default fit take as long. Medians."""
    print(f"load before: {os.getloadavg()[0]:.2f}")
    for field, key in KEYS.items():
        for signal in ("camera", "coffee"):
            config = settle(
                fieldlab.compose(f"field={field}", f"field.{key}=auto", f"signal={signal}", "trainer=cpu")
            )
            task, seconds, steps = make_task(config), [], []
            for _ in range(rounds):
                find_best.cache_clear()
                start = time.perf_counter()
                choose(config)
                seconds.append(time.perf_counter() - start)
                steps.append(time_step(task, [task.build(config)], compiled=False, within=1.0))
            taken = statistics.median(seconds)
            print(
                f"{field:12}{signal:10}{taken:6.2f} s, as long as {taken / statistics.median(steps):4.0f} of {config['steps']} steps   (median of {rounds})"
            )
