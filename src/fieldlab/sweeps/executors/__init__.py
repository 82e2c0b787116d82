"""Executors: where the packs of a sweep are computed."""
