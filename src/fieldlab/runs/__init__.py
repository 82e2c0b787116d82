"""Runs: one configuration, one folder, one result, of any task."""
