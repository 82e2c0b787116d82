"""Optimisers that torch does not have. One file each; they are told which parameters are weight matrices."""
