"""Hydra plugins. Hydra imports them at every start: nothing heavy at the top of a file."""
