"""Objectives: what an image is optimised for."""
