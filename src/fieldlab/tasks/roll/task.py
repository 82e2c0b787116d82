"""The task of rolling memorised pictures."""

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from omegaconf import DictConfig

from fieldlab.build import build, plain, report_as
from fieldlab.errors import InputError
from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Config, Exhibit, Facts, Member, Once, Task
from fieldlab.tasks.keys import check_roll_keys
from fieldlab.tasks.roll.scoring import ROLL

if TYPE_CHECKING:
    from fieldlab.goals.goal import Goal
    from fieldlab.tasks.descent import Descent
    from fieldlab.tasks.roll.library import Memories
    from fieldlab.tasks.roll.module import RollModule
    from fieldlab.tasks.roll.starts import Start

MOST_NAMED = 3  # pictures in the name of a roll


@dataclass(frozen=True)
class RollMember(Member):
    """Memorised pictures for a goal."""

    memories: "Memories"
    goal: "Goal"
    start: "Start"

    @property
    def subject(self) -> str:
        return Roll.name_subject(self.config)


@dataclass(frozen=True, kw_only=True)
class Roll(Task):
    """Read memorised pictures elsewhere, where a goal is best fulfilled; see `fieldlab.tasks.roll.module.RollModule`."""

    scoring: ClassVar[Scoring] = ROLL
    files: ClassVar[tuple[str, ...]] = (
        "sheet.png", "progress.gif", "images.npy", "images.csv", "images/*.png", "warp.safetensors",
    )  # fmt: skip
    subject_keys: ClassVar[tuple[str, ...]] = ("goal.", "photos.", "memorise.signal", "library")
    silent: ClassVar[tuple[str, ...]] = ("memorise.schedule.T_max", "memorise.seed")

    batch_size: int | None
    scores: int

    @classmethod
    def name_subject(cls, config: Config) -> str:
        """What is rolled towards what: `astronaut+coffee recover`, `library match`."""
        goal = config["goal"].get("name") if config["goal"] else "roll"
        if config["library"] is not None:
            return f"{Path(str(config['library'])).name} {goal}"
        photos = (config["photos"] or {}).items()
        names = [Path(str(path)).stem if name == "folder" else str(name) for name, path in photos]
        return f"{'+'.join(names) if len(names) <= MOST_NAMED else f'{len(names)} pictures'} {goal}"

    @classmethod
    def list_needs(cls, config: Config) -> Sequence[tuple[Config, Callable[[InputError], InputError]]]:
        """The fits that memorise the roll's photos; none where it has a library."""
        check_roll_keys(config)
        from fieldlab.tasks.roll.library import memorising

        return [
            (fit, lambda error, fit=fit: in_own_words(error, fit, config["memorise"])) for fit in memorising(config)
        ]

    def check(self, config: Config, devices: int, once: Once) -> Facts:
        check_roll_keys(config)
        from fieldlab.tasks.roll.check import check_rolling

        return check_rolling(self, config, devices, once)

    def build(self, config: DictConfig) -> RollMember:
        return self.build_fitted(config, fitted=True)

    def build_fitted(self, config: DictConfig, *, fitted: bool) -> RollMember:
        """Where it is not `fitted` yet the fields have memorised nothing."""
        from fieldlab.configuration import plain_config
        from fieldlab.tasks.roll.build import build_goal
        from fieldlab.tasks.roll.library import recall

        memories = recall(plain_config(config), fitted=fitted)
        goal = build_goal(plain(config.goal, "goal"), "goal", memories.pictures)
        return RollMember(config, memories, goal, build(config.shift_init, "shift_init"))

    def assemble(
        self, members: Sequence[RollMember], *, seeds: Sequence[int], steps: int, descent: "Descent"
    ) -> "RollModule":
        from fieldlab.field import Ensemble
        from fieldlab.tasks.roll.build import build_rolls
        from fieldlab.tasks.roll.module import RollModule

        first = members[0]
        groups = len(members) * first.goal.cases * first.start.tries
        rolls = build_rolls(first.config, copy.deepcopy(first.goal), groups)
        with report_as("task"):
            return RollModule(
                rolls,
                seeds,
                fields=Ensemble(first.memories.fields),
                start=first.start,
                batch_size=self.batch_size,
                scores=self.scores,
                steps=steps,
                descent=descent,
            )

    @classmethod
    def exhibit(cls) -> Exhibit:
        return Exhibit(
            picture="sheet.png",
            below="progress.gif",
            words="Above: pictures, what they should look like, and what each field's best roll (by {judged}) made of them. Below: how it"
            " was learned.",
        )


def in_own_words(error: InputError, fit: Config, memorise: Config) -> InputError:
    """What is wrong with a fit that a roll needs, by the roll's own keys."""
    text = str(error)
    if text.startswith("signal.path"):
        return InputError(f"photos.{fit['signal']['name']}{text.removeprefix('signal.path')}")
    return InputError(f"memorise.{text}") if re.split(r"[.:]", text)[0] in memorise else error
