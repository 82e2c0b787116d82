"""The sweeper of grids, under a name that Hydra takes plugins from."""

from fieldlab.sweeps import grid


class GridSweeper(grid.GridSweeper):
    """`fieldlab.sweeps.grid.GridSweeper`."""
