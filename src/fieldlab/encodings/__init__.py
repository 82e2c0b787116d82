"""Encodings: coordinates -> features. One file each; a class with `dim` first and an attribute `features`."""
