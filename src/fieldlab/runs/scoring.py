"""Scoring: what the scores of a task are called, which of two is better, and how they are told and drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

Scores = Mapping[str, float | None]


@dataclass(frozen=True)
class Score:
    """A column of a table, of so many decimals, or three significant digits; `lower` values are better than higher ones."""

    label: str
    digits: int | None = 2
    lower: bool = False
    unit: str = ""
    judged: bool = True  # whether one is better than another

    def format(self, value: float) -> str:
        return f"{value:.3g}" if self.digits is None else f"{value:.{self.digits}f}"

    @property
    def sign(self) -> int:
        """What makes of better larger."""
        return -1 if self.lower else 1


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
    noun: str  # what such a line tells
    curves: Mapping[str, str]  # drawn against steps, on a logarithmic scale or not
    panels: tuple[str, ...]  # the same in a page
    logarithmic: bool
    axis: str
    knobs: Mapping[str, str]  # drawn against settings
    against: str  # what is drawn against them, in a word
    note: str  # below a table
    nothing: str = ""  # what is told where no score is known
    lacking: str = ""  # of finished runs without their headline score
    searched: str | None = None  # what a search looks for the best of; None: such runs are not searched
    ranked: bool = True  # whether runs on several subjects can be averaged and ranked

    def describe(self, scores: Scores) -> str:
        """`train 40.12, test 26.31, full 27.80`; what is not known is left out."""
        known = [(label, name, scores.get(name)) for label, name in self.labels.items()]
        return ", ".join(
            f"{label} {self.scores[name].format(value)}"
            for label, name, value in known
            if value is not None and value == value
        )

    def describe_latest(self, scores: Scores) -> str:
        """`train 20.12 dB, test 19.87 dB`: the first two curves, for a progress line."""
        known = [(label, name, scores.get(name)) for label, name in list(self.curves.items())[:2]]
        return ", ".join(f"{label} {self.scores[name].format(v)}{self.unit}" for label, name, v in known if v)
