"""Whether memorised pictures can be rolled as a configuration says."""

import torch
from omegaconf import OmegaConf

from fieldlab.configuration import to_json
from fieldlab.digests import digested
from fieldlab.identity import nameless
from fieldlab.rules import check_running
from fieldlab.runs.task import Config, Facts, Once
from fieldlab.tasks.assembly import assemble_module
from fieldlab.tasks.rehearsal import rehearse_schedule, trial
from fieldlab.tasks.roll.module import RollModule
from fieldlab.tasks.roll.task import Roll

DETERMINES = ("memorise", "library", "photos", "warp", "goal", "shift_init")
TRAINING = ("task", "optimizer", "schedule", "steps")


def check_rolling(task: Roll, plain: Config, devices: int, once: Once) -> Facts:
    """Build memories, warps, goal and training, with fields that have memorised nothing yet."""
    check_running(plain, devices)
    own = {**plain, **{key: digested(plain[key], key) for key in DETERMINES}}
    what = to_json(nameless(own), *DETERMINES, "field")
    config = OmegaConf.create(dict(plain))

    def look() -> None:
        look_once(assemble_module(task, [task.build_fitted(config, fitted=False)]))

    once(what, to_json(plain, *TRAINING), look=look)
    return Facts(task.name_subject(plain), (what,))


def look_once(module: RollModule) -> None:
    """Look at a batch.

    Raises:
        InputError: a goal, a start or a move that does not take these pictures.
    """
    rehearse_schedule(module)
    module.samples.to(torch.device("cpu"), 0, 1)
    [batch] = module.samples.batches(1)
    trial("goal", lambda: module.total(batch).sum().backward())
