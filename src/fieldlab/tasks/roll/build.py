"""What the configuration of a roll describes, built: its goal, and where pictures are read."""

from collections.abc import Mapping
from typing import Any

from fieldlab.config.instantiate import build, resolve
from fieldlab.errors import InputError, first_line
from fieldlab.field import draw
from fieldlab.tasks.roll.goals.goal import Goal, Pictures
from fieldlab.tasks.roll.goals.rolls import Rolls
from fieldlab.tasks.roll.warps.warp import WarpSequence


def build_goal(settings: dict[str, Any], key: str, pictures: Pictures) -> Goal:
    """The goal, and the one that it is towards, if there is one."""
    own = {name: value for name, value in settings.items() if name not in ("name", "towards")}
    inner = {}
    if isinstance(settings.get("towards"), dict):
        one = Pictures(["collage"], pictures.values[:1])
        inner = {"towards": build_goal(settings["towards"], f"{key}.towards", one)}
    try:
        goal = draw(
            lambda: build(own, key, pictures=pictures, **inner), 0
        )  # what no file gives is the same every time
    except InputError as error:
        raise InputError(reword_key(key, str(error))) from error
    if not isinstance(goal, Goal):
        raise InputError(f"{key}._target_: makes a {type(goal).__name__}, and no fieldlab.tasks.roll.goals.goal.Goal")
    return goal


def reword_key(key: str, text: str) -> str:
    """What a goal or its model says of its settings, under the key that these have here."""
    if text.startswith(f"{key}: model"):
        return f"{key}.{text.removeprefix(f'{key}: ')}"
    return text if text.startswith(key) else text.replace("goal.", f"{key}.", 1)


def build_rolls(config: Mapping[str, Any], goal: Goal, groups: int) -> Rolls:
    """All that is learned of so many rolls of every picture.

    Raises:
        InputError: moves or a wrap that cannot work.
    """
    goal.add_parameters(groups)
    pictures = goal.pictures
    given = {"images": groups * len(pictures.names), "size": pictures.size}
    moves = resolve(config["warp"], "warp").get("moves") or {}
    if not moves:
        raise InputError("warp.moves: is empty: nothing would be learned; take warp/moves=[shift]")
    made = [build(node, f"warp.moves.{name}", **given) for name, node in moves.items() if node is not None]
    wrap = build(config["warp"].get("wrap"), "warp.wrap")
    try:
        return Rolls(WarpSequence(made, wrap), goal)
    except ValueError as error:
        raise InputError(f"warp.moves: {first_line(error)}") from error
