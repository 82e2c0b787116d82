"""The basic mapping: once around the circle along each axis."""

import math

import torch

from fieldlab.encodings.basic import Basic


def test_features_are_the_angles_of_each_axis():
    features = Basic(2)(torch.tensor([[0.0, 0.25], [0.5, 1 / 8]]))
    half = math.sqrt(0.5)
    torch.testing.assert_close(features, torch.tensor([[1, 0, 0, 1], [-1, half, 0, half]]), atol=1e-6, rtol=0)


def test_period_is_the_unit_cube():
    x = torch.rand(20, 3)
    torch.testing.assert_close(Basic(3)(x + torch.tensor([1.0, 2.0, -1.0])), Basic(3)(x), atol=1e-5, rtol=0)
