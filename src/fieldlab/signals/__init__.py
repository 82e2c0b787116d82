"""Signals: what fields represent, as samples on a grid or points of a surface."""
