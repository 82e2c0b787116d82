"""Inverse: fields that explain measurements of a signal, instead of its samples."""

from fieldlab.tasks.inverse.task import Inverse as Inverse
