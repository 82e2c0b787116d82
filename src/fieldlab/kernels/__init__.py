"""Kernels of fields: inner products of what a field makes of two points."""
