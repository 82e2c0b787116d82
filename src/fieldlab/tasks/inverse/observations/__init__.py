"""Observations: how measurements follow from a signal, a file each."""
