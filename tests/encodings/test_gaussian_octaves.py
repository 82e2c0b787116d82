"""Gaussian octaves against their definition, feature by feature."""

import pytest
import torch

from fieldlab.encodings.gaussian_octaves import GaussianOctaves


def test_features_by_hand():
    encoding = GaussianOctaves(2, rows=3, sigma=1.0, max_octave=2)
    x = torch.rand(5, 2)
    projected = x @ encoding.projection
    by_hand = [projected]
    for octave in (1, 2, 4):
        by_hand += [torch.sin(octave * projected), torch.cos(octave * projected)]
    torch.testing.assert_close(encoding(x), torch.cat(by_hand, dim=-1))
    assert encoding.features == 3 * (1 + 2 * 3) == encoding(x).shape[-1]


@pytest.mark.parametrize("rows", [256, 512, 1024])
def test_published_sizes(rows: int):
    assert GaussianOctaves(2, rows=rows, sigma=1.0, max_octave=5).features == 13 * rows


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"sigma": -1.0}, {"max_octave": -1}])
def test_impossible_settings_are_errors(wrong: dict):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        GaussianOctaves(2, **{"rows": 4, "sigma": 1.0, "max_octave": 2, **wrong})
