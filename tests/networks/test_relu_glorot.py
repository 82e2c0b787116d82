"""The Fourier features paper's network: how its weights and biases are drawn."""

import math

import pytest
import torch

from fieldlab.networks.relu_glorot import GlorotReLU


def test_weights_and_biases_have_the_published_deviations():
    network = GlorotReLU(512, 256, width=256, depth=3, bias_std=1e-2)
    layers = [*network.relu.hidden, network.relu.last]
    assert len(layers) == 4
    for layer in layers:
        fan_out, fan_in = layer.weight.shape
        expected = math.sqrt(2 / (fan_in + fan_out))
        error = 5 / math.sqrt(2 * layer.weight.numel())  # five standard errors of a deviation
        assert layer.weight.std().item() == pytest.approx(expected, rel=error)
        assert layer.weight.abs().max() > 3 * expected  # normal, not uniform
    biases = torch.cat([layer.bias for layer in layers])
    assert biases.std().item() == pytest.approx(1e-2, rel=5 / math.sqrt(2 * len(biases)))


def test_depth_counts_hidden_layers():
    shapes = [tuple(p.shape) for p in GlorotReLU(2, 3, width=256, depth=3, bias_std=1e-2).parameters()]
    assert shapes == [(256, 2), (256,), (256, 256), (256,), (256, 256), (256,), (3, 256), (3,)]


def test_a_negative_deviation_is_an_error():
    with pytest.raises(ValueError, match="bias_std must not be negative"):
        GlorotReLU(2, 3, width=4, depth=1, bias_std=-1.0)
