"""Warps: where a field is read, as a function of parameters; and how what leaves a picture comes back in."""
