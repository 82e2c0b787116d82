"""Roll: memorised pictures are read elsewhere, where a goal is best fulfilled."""

from fieldlab.tasks.roll.task import Roll as Roll
