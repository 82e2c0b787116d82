"""Rolls: all that is learned of them."""

from torch import nn

from fieldlab.goals.goal import Goal
from fieldlab.warps.warp import Warped


class Rolls(nn.Module):
    """All that is learned: where each picture is read, and what the goal learns besides."""

    def __init__(self, warp: Warped, goal: Goal) -> None:
        super().__init__()
        self.warp = warp
        self.goal = goal
