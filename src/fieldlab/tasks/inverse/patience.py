"""Patience: how long fits go on without explaining held-out measurements better, and what they were when they did best."""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor


class Patience:
    """The lowest validation error of each member, after which step that was, and its weights then.

    Raises:
        ValueError: fewer `scores` to wait for than 1.
    """

    def __init__(self, scores: int) -> None:
        if scores < 1:
            raise ValueError(f"patience must be at least 1, or null, not {scores}")
        self.scores = scores
        self.lowest: dict[int, tuple[float, int]] = {}
        self.best: dict[int, dict[str, Tensor]] = {}

    def see(self, m: int, error: float | None, step: int, weights: Mapping[str, Tensor]) -> None:
        """Remember member m as it is, where it is better than before; `weights` have the members along their first axis."""
        if error is not None and error < self.lowest.get(m, (math.inf, 0))[0]:
            self.lowest[m] = (error, step)
            self.best[m] = {name: part[m].clone() for name, part in weights.items()}

    def is_over(self, m: int, step: int) -> bool:
        """Whether member m has not been better since this step, or before it."""
        return m in self.lowest and self.lowest[m][1] <= step

    def state(self) -> Any:
        """What a checkpoint keeps."""
        return self.lowest, self.best
