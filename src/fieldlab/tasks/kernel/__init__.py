"""Kernel: what a field would come to, by its kernel, without fitting it."""

from fieldlab.tasks.kernel.task import Kernel as Kernel
