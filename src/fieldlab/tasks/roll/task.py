"""The task of rolling memorised pictures."""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from fieldlab.config.files import File
from fieldlab.config.instantiate import build, report_as, resolve
from fieldlab.config.kind import Choices
from fieldlab.config.presets import name_preset
from fieldlab.config.schema import TRAINING, Keys, Node
from fieldlab.errors import InputError
from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Config, Exhibit, Facts, Member, Once
from fieldlab.runs.trained import TrainedTask
from fieldlab.tasks.roll.finished import Library, name_library
from fieldlab.tasks.roll.scoring import ROLL

if TYPE_CHECKING:
    from fieldlab.tasks.roll.goals.goal import Goal
    from fieldlab.tasks.roll.library import Memories
    from fieldlab.tasks.roll.module import RollModule
    from fieldlab.tasks.roll.starts import Start
    from fieldlab.training.optimisation import Descent

Photos = Mapping[str, File]
MOST_NAMED = 3  # pictures in the name of a roll


@dataclass(frozen=True)
class RollMember(Member):
    """Memorised pictures for a goal."""

    memories: "Memories"
    goal: "Goal"
    start: "Start"


@dataclass(frozen=True, kw_only=True)
class Roll(TrainedTask):
    """Read memorised pictures elsewhere, where a goal is best fulfilled; see `fieldlab.tasks.roll.module.RollModule`."""

    keys: ClassVar[Keys] = {
        **TRAINING, "goal": Node, "warp": Node, "shift_init": Node, "library": Library, "photos": Photos | None,
        "memorise": Node | None,
    }  # fmt: skip
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
        goal = (config.get("goal") or {}).get("name") or "roll"
        if config.get("library") is not None:
            return f"{Path(str(config['library'])).name} {goal}"
        photos = (config.get("photos") or {}).items()
        names = [Path(str(path)).stem if name == "folder" else str(name) for name, path in photos]
        return f"{'+'.join(names) if len(names) <= MOST_NAMED else f'{len(names)} pictures'} {goal}"

    @classmethod
    def name_field(cls, config: Config, choices: Choices) -> str:
        """The field of a library's fits, or the one that memorises."""
        library = config.get("library")
        return name_preset(choices) if library is None else name_library(Path(str(library)).expanduser())

    @classmethod
    def settle(cls, config: Config) -> dict[str, Any]:
        """The fits of a library know their fields and pictures themselves."""
        if config.get("library") is None:
            return dict(config)
        field = {"name": config["field"]["name"]}
        return {**{key: value for key, value in config.items() if key not in ("memorise", "photos")}, "field": field}

    @classmethod
    def list_needs(cls, config: Config) -> Sequence[tuple[Config, Callable[[InputError], InputError]]]:
        """The fits that memorise the roll's photos; none where it has a library."""
        for key in ("photos", "memorise"):
            if config["library"] is None and not config.get(key):
                raise InputError(f"{key}: a roll without a library needs one")
        from fieldlab.tasks.roll.library import describe_fits

        fits = describe_fits(config, cls.keys)
        return [(fit, lambda error, fit=fit: reword(error, fit, config["memorise"])) for fit in fits]

    def look(self, config: Config, devices: int, once: Once) -> Facts:
        from fieldlab.tasks.roll.check import check_rolling

        return check_rolling(self, config, devices, once)

    def build(self, config: Config) -> RollMember:
        return self.build_fitted(config, fitted=True)

    def build_fitted(self, config: Config, *, fitted: bool) -> RollMember:
        """Where it is not `fitted` yet the fields have memorised nothing."""
        from fieldlab.tasks.roll.build import build_goal
        from fieldlab.tasks.roll.library import recall

        memories = recall(config, self.keys, fitted=fitted)
        goal = build_goal(resolve(config["goal"], "goal"), "goal", memories.pictures)
        return RollMember(config, memories, goal, build(config["shift_init"], "shift_init"))

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


def reword(error: InputError, fit: Config, memorise: Config) -> InputError:
    """What is wrong with a fit that a roll needs, by the roll's own keys."""
    text = str(error)
    if text.startswith("signal.path"):
        return InputError(f"photos.{fit['signal']['name']}{text.removeprefix('signal.path')}")
    return InputError(f"memorise.{text}") if re.split(r"[.:]", text)[0] in memorise else error
