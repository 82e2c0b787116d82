"""Canvases: parameterizations of images that are optimised."""
