"""Canvases: ways to write an image as parameters that are optimised."""
