"""Whether memorised pictures can be rolled as a configuration says."""

from typing import TYPE_CHECKING

import torch

from fieldlab.config.fingerprint import cover, drop_name
from fieldlab.runs.check import to_json
from fieldlab.runs.rules import check_running
from fieldlab.runs.task import Config, Facts, Once
from fieldlab.runs.trained import assemble_module
from fieldlab.tasks.roll.module import RollModule
from fieldlab.training.check import check_schedule, try_out

if TYPE_CHECKING:
    from fieldlab.tasks.roll.task import Roll

DETERMINES = ("memorise", "library", "photos", "warp", "goal", "shift_init")
TRAINING = ("task", "optimizer", "schedule", "steps")


def check_rolling(task: "Roll", config: Config, devices: int, once: Once) -> Facts:
    """Build memories, warps, goal and training, with fields that have memorised nothing yet."""
    check_running(config, devices)
    covered = {**dict.fromkeys(DETERMINES), **cover(config), "field": drop_name(config["field"])}
    what = to_json(covered, *DETERMINES, "field")

    def look() -> None:
        look_once(assemble_module(task, [task.build_fitted(config, fitted=False)]))

    once(what, to_json(config, *TRAINING), look=look)
    return Facts(task.name_subject(config), (what,))


def look_once(module: RollModule) -> None:
    """Look at a batch.

    Raises:
        InputError: a goal, a start or a move that does not take these pictures.
    """
    check_schedule(module)
    module.samples.to(torch.device("cpu"), 0, 1)
    [batch] = module.samples.batches(1)
    try_out("goal", lambda: module.total(batch).sum().backward())
