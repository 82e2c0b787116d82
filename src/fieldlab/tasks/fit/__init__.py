"""Fit: fields take the values, or the derivatives, of signals on grids."""

from fieldlab.tasks.fit.task import Fit as Fit
