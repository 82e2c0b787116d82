"""Visualize: images that a network answers to."""

from fieldlab.tasks.visualize.task import Visualize as Visualize
