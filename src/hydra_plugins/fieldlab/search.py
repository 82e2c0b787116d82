"""The sweeper of searches, under a name that Hydra takes plugins from."""

from fieldlab.sweeps import search


class OptunaSweeper(search.OptunaSweeper):
    """`fieldlab.sweeps.search.OptunaSweeper`."""
