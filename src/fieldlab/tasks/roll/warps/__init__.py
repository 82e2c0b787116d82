"""Warps: where a field is read, as a function of parameters; wraps: how what leaves a picture comes back in."""
