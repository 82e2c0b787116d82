"""Signals: the world that a field represents, as samples on a grid."""
