"""Task: the contract of a kind of work, all that engine, sweeps and report know of it. Importing one loads no torch."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fieldlab.config.instantiate import build, locate_class, resolve
from fieldlab.config.kind import TASK, Kind
from fieldlab.errors import InputError
from fieldlab.runs.scoring import Scoring

if TYPE_CHECKING:
    from pathlib import Path

    from fieldlab.runs.computation import Computation, Watchers
    from fieldlab.runs.result import Result

Config = Mapping[str, Any]
Once = Callable[..., Any]  # once(*key, look=function): the function's answer, asked once for equal keys


@dataclass(frozen=True)
class Member:
    """One configuration and what it describes, built: a part of what is computed together."""

    config: Config


@dataclass(frozen=True)
class Facts:
    """What checking has found: the subject's name, and what configurations must have in common to be computed together.

    Where there is nothing `alike` a run is computed alone.
    """

    subject: str
    alike: tuple[Any, ...] | None


@dataclass(frozen=True)
class Exhibit:
    """Which of the files that runs leave a report shows, and what it says of them.

    `picture` is what a run has made, `below` an error map or how it came about, `original` what it should be like. With
    `spectra` flat pictures are shown by their frequencies too; `learning` is a picture of how these were learned. `scene` are files to be turned around: of the original, and of what was made.
    `words` say what they are, with `{judged}` where they name what chose among runs; `error` says what the map measures and
    `limit` what is its brightest. In a study's figure a picture is `panel` inches wide and high; `captions` are the
    figure's with photos and without, `note` stands in its corner.
    """

    picture: str
    below: str
    original: str | None = None
    spectra: bool = False
    learning: str | None = None
    scene: tuple[str, str] | None = None
    words: str = ""
    error: str = ""
    limit: float | None = None
    panel: tuple[float, float] = (2.5, 2.65)
    captions: tuple[str, str] = ("", "")
    note: str = ""


class Task(Kind):
    """A kind of work. An instance holds the settings of the configuration's node `task`.

    `keys` are the types of its own top-level keys. `files` are those that a run leaves beside its result, as patterns. Settings
    below `subject_keys` say what is worked on and not how: none of them is better than another. Those in `follows` follow from the
    name that they stand under; `silent` ones are no columns of a table.
    """

    scoring: ClassVar[Scoring]
    files: ClassVar[tuple[str, ...]]
    subject_keys: ClassVar[tuple[str, ...]] = ()
    follows: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    silent: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def exhibit(cls) -> Exhibit:
        """What a report shows of such runs."""

    @classmethod
    def describe_size(cls, result: "Result") -> str:
        """`256 x 256`: how large what a run worked on is."""
        return " x ".join(map(str, result.grid))

    @classmethod
    def list_needs(cls, config: Config) -> Sequence[tuple[Config, Callable[[InputError], InputError]]]:
        """The configurations of runs that must be finished first, each with how its mistakes are told by this one's keys."""
        return ()

    @classmethod
    def why_unsearched(cls, config: Config) -> str | None:
        """Why a search would find no score in runs of this configuration, in a line; None where it would."""
        return None

    @abstractmethod
    def check(self, config: Config, devices: int, once: Once) -> Facts:
        """Build all that the configuration describes, and rehearse a step; nothing is written.

        Raises:
            InputError: anything in it that cannot work.
        """

    @abstractmethod
    def build(self, config: Config) -> Member:
        """What the configuration describes.

        Raises:
            InputError: anything in it that cannot work.
        """

    def decide(self, member: Any, asked: str) -> Any:
        """The member with what only a trial can tell decided: here that is nothing. `asked` is the hash of its run."""
        return member

    def time(self, members: Sequence[Any]) -> float | None:
        """About how many seconds each of these members takes, computed together; None where only computing tells."""
        return None

    def rescore(self, config: Config, folder: "Path") -> Mapping[str, Any] | None:
        """The `scores` and `yardsticks` of a finished run, computed anew from what it left in its folder; None where that is not enough.

        Raises:
            InputError: what it left is damaged, or does not fit its configuration.
        """
        return None

    @abstractmethod
    def compute(self, members: Sequence[Any], watchers: "Watchers") -> "Computation":
        """What computes these members together: training (`runs.trained`), or a function of each (`runs.measured`)."""


def find_task(config: Config) -> type[Task]:
    """The kind of work that a configuration asks for."""
    return locate_class(config.get("task"), "task", Task, TASK)


def make_task(config: Config) -> Task:
    """The task with its settings; it builds its parts itself."""
    find_task(config)
    return build({**resolve(config["task"], "task"), "_recursive_": False}, "task")
