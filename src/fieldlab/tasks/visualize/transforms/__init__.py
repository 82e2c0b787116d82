"""Transforms: random changes that images are scored under. One file each; right for batches and for any shape of image."""
