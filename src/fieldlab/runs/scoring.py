"""Scoring: what the scores of a task are called, which of two is better, and how tables, plots and captions show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Scores = Mapping[str, float | None]


@dataclass(frozen=True)
class Score:
    """A column of a table, of so many decimals, or three significant digits; `lower` values are better than higher ones."""

    label: str
    digits: int | None = 2
    lower: bool = False
    unit: str = ""
    judged: bool = True  # whether one is better than another

    def format(self, value: float, fewer: int = 0) -> str:
        """The value as a table shows it, or with so many decimals fewer."""
        return f"{value:.3g}" if self.digits is None else f"{value:.{max(0, self.digits - fewer)}f}"

    def format_difference(self, value: float) -> str:
        """`+1.25`: a difference of two values, with its sign."""
        return f"{value:+.3g}" if self.digits is None else f"{value:+.{self.digits}f}"

    @property
    def sign(self) -> int:
        """1, or -1 where lower values are better: times it the better of two values is the larger."""
        return -1 if self.lower else 1

    @property
    def is_logarithmic(self) -> bool:
        """Whether the unit is logarithmic already."""
        return self.unit.endswith("dB")

    @property
    def axis(self) -> str:
        """`test PSNR (dB)`: the label of an axis."""
        unit = self.unit.removeprefix(" in ")
        return f"{self.label} ({unit})" if unit else self.label


@dataclass(frozen=True)
class Yardstick:
    """How tables and plots treat a yardstick: the scores of something other than the field on the same subject.

    Results hold yardsticks by their names, and any has a row in tables. The words of `instead` replace scores that would say
    nothing; with a `line` plots have a dotted one at its score.
    """

    instead: Mapping[str, str] = field(default_factory=dict)
    line: bool = False


@dataclass(frozen=True)
class Whole:
    """A score over everything, which equals those over `parts` of it where nothing is held out.

    There it stands for them: tables leave the parts out, and sentences and captions say its `scope`.
    """

    score: str
    parts: tuple[str, ...]
    scope: str  # `over all samples`

    def covers(self, scores: Scores) -> bool:
        """Whether nothing was held out from a run with these scores."""
        value = scores.get(self.score)
        return value is not None and all(scores.get(part) == value for part in self.parts)


@dataclass(frozen=True, eq=False)
class Scoring:
    """How the runs of a task are scored: all that tables, plots and searches know of its scores."""

    scores: Mapping[str, Score]  # every score there may be, in the order of a table's columns
    always: tuple[str, ...]  # those that a table has even where no run does
    headline: str  # ranks runs
    judges: Mapping[str, str]  # choose among settings, the first that there is; in words
    labels: Mapping[str, str]  # of one run in a line, each under its label: `prefix`, these, `unit`
    prefix: str
    unit: str
    noun: str  # what such a line says
    curves: Mapping[str, str]  # drawn against steps, on a logarithmic scale or not
    panels: tuple[str, ...]  # the same in a page
    logarithmic: bool
    axis: str
    knobs: Mapping[str, str]  # drawn against settings: the last one solid, one before it dashed
    against: str  # what is drawn against them, in a word
    note: str  # below a table
    nothing: str = ""  # what is said where no score is known
    lacking: str = ""  # of finished runs without their headline score
    searched: str | None = None  # what a search looks for the best of; None: such runs are not searched
    ranked: bool = True  # whether runs on several subjects can be averaged and ranked
    captions: Mapping[str, str] = field(default_factory=dict)  # below a picture, in place of `labels`, with `unit`
    knobs_note: str = ""  # which of `knobs` is dashed, in words that follow `against`
    whole: Whole | None = None  # where some scores are of what is held out
    yardsticks: Mapping[str, Yardstick] = field(default_factory=dict)  # by name, where rows of a table are not all

    def describe(self, scores: Scores, labels: Mapping[str, str] | None = None, fewer: int = 0) -> str:
        """`train 40.12, test 26.31, full 27.80`; what is not known is left out."""
        known = [(label, name, scores.get(name)) for label, name in (labels or self.labels).items()]
        return ", ".join(
            f"{label} {self.scores[name].format(value, fewer)}"
            for label, name, value in known
            if value is not None and value == value
        )

    def describe_latest(self, scores: Scores) -> str:
        """`train 20.12 dB, test 19.87 dB`: the first two curves, for a progress line."""
        known = [(label, name, scores.get(name)) for label, name in list(self.curves.items())[:2]]
        return ", ".join(f"{label} {self.scores[name].format(v)}{self.unit}" for label, name, v in known if v)

    def describe_below(self, scores: Scores, fewer: int = 0) -> str:
        """`train 26.31, test 25.12 dB`, or `42.26 dB over all samples`: a line below a picture; decimals as in `Score.format`."""
        if self.whole and self.whole.covers(scores):
            value = scores[self.whole.score] or 0.0
            return f"{self.scores[self.whole.score].format(value, fewer)}{self.unit} {self.whole.scope}"
        known = self.describe(scores, self.captions, fewer)
        return f"{known}{self.unit}" if known else self.nothing

    def find_lines(self, yardsticks: Mapping[str, Scores], score: str) -> dict[str, float]:
        """Where plots of a score have dotted lines, by the names of a run's yardsticks."""
        drawn = [name for name, how in self.yardsticks.items() if how.line and score not in how.instead]
        values = {name: yardsticks.get(name, {}).get(score) for name in drawn}
        return {name: value for name, value in values.items() if value is not None}
