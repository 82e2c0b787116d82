"""Tracking: how fits are followed while they run."""
