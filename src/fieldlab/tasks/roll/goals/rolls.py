"""Rolls: the parameters of all rolls."""

from torch import nn

from fieldlab.tasks.roll.goals.goal import Goal
from fieldlab.tasks.roll.warps.warp import WarpSequence


class Rolls(nn.Module):
    """All parameters: of where each picture is read, and of the goal."""

    def __init__(self, warp: WarpSequence, goal: Goal) -> None:
        super().__init__()
        self.warp = warp
        self.goal = goal
