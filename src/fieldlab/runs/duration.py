"""Duration: `seconds` of training, turned into steps by timing some of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from fieldlab.config.schema import AUTO
from fieldlab.runs.computation import Watchers
from fieldlab.runs.task import Config, Member, Task

M = TypeVar("M", bound=Member)
FIRST, MOST = 3, 50  # steps that are timed at once, and in all that a share of the time allows
TIMED_SHARE = 0.02


def set_steps(config: Config, steps: int) -> dict[str, Any]:
    """The configuration with this number wherever it says that the program chooses it."""
    return {**config, **{key: fill(config[key], steps) for key in ("steps", "schedule", "optimizer")}}


def fill(node: Any, steps: int) -> Any:
    """The same with a number in place of `auto`."""
    if isinstance(node, Mapping):
        return {key: fill(value, steps) for key, value in node.items()}
    return steps if node == AUTO else node


def decide(task: Task, member: M, asked: str) -> M:
    """The member with as many steps as take `seconds`; with those of an interrupted run of the same hash, `asked`, where there was one.

    Steps are timed as they will be computed: compiled where that is asked for, or pays in this time.
    """
    from fieldlab.runs.checkpoint import read_noted
    from fieldlab.training.compiling import pays_within

    config = member.config
    noted = read_noted(Path(config["folder"])) if config["resume"] else {}
    if noted.get("fits") == [asked]:
        return replace(member, config=set_steps(config, noted["state"]["steps"]))
    ways = (
        [True, False] if config["compile"] == AUTO and pays_within(config["seconds"]) else [config["compile"] is True]
    )
    spent = TIMED_SHARE * config["seconds"]
    step, compiled = min((time_step(task, [member], compiled=way, within=spent), way) for way in ways)
    steps = max(1, round(config["seconds"] / step))
    return replace(member, config={**set_steps(config, steps), "compile": compiled})


def time_step(task: Task, members: Sequence[Member], *, compiled: bool, within: float) -> float:
    """Seconds for a step of all members, by a few of them, and by more where these take less than `within` seconds."""
    first = time_steps(task, members, FIRST, compiled) / FIRST
    more = min(MOST, int(within / first))
    return time_steps(task, members, more, compiled) / more if more > FIRST else first


def time_steps(task: Task, members: Sequence[Member], steps: int, compiled: bool) -> float:
    """Seconds for so many steps, which nobody sees."""
    trials = [replace(m, config={**set_steps(m.config, steps), "steps": steps, "compile": compiled}) for m in members]
    computation = task.compute(trials, Watchers(trial=True))
    computation.run()
    return computation.seconds
