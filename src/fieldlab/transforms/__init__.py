"""Transforms: random changes that what is seen should survive. One file each; right for batches and for any shape of image."""
