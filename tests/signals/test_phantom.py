"""Phantoms: known values at known places, and others like it."""

import numpy as np
import pytest
import torch
from skimage.data import shepp_logan_phantom
from skimage.transform import resize

from fieldlab.signals.phantom import phantom


def make(size: list[int], variation: float = 0.0, seed: int = 0) -> torch.Tensor:
    return phantom(name="head", size=size, alignment="centers", variation=variation, seed=seed).values[..., 0]


def test_it_is_scikit_images():
    ours = make([100, 100]).numpy()
    theirs = resize(shepp_logan_phantom(), (100, 100), anti_aliasing=True)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.97
    assert np.abs(ours - theirs).mean() < 0.02


def test_values_at_known_places():
    head = make([201, 201])
    assert head[0, 0] == 0
    assert head[100, 100] == pytest.approx(0.2, abs=1e-6)  # grey matter: 1 - 0.8
    assert head[100, 122] == pytest.approx(0.0, abs=1e-6)  # a ventricle: 1 - 0.8 - 0.2
    assert head[65, 100] == pytest.approx(0.3, abs=1e-6)  # above the middle: + 0.1
    assert head[9, 100] == pytest.approx(1.0, abs=1e-6)  # the skull


@pytest.mark.slow
def test_the_middle_slice_of_a_volume_is_the_picture_without_what_lies_off_it():
    volume = make([64, 64, 65])
    assert volume.shape == (64, 64, 65)
    assert (volume[:, :, 32] - make([64, 64])).abs().mean() < 0.01
    assert volume[:, :, 0].max() == 0


def test_others_differ_and_keep_their_skull():
    one, other = make([64, 64], 0.2, 1), make([64, 64], 0.2, 2)
    assert not one.equal(other)
    assert one.equal(make([64, 64], 0.2, 1))
    assert one[:8].equal(other[:8])  # the skull's top
    assert 0 <= one.min() < one.max() <= 1


@pytest.mark.parametrize(
    ("size", "variation"), [([8], 0.0), ([8, 8, 8, 8], 0.0), ([1, 8], 0.0), ([8, 8], 0.5), ([8, 8], -0.1)]
)
def test_what_cannot_be_is_refused(size: list[int], variation: float):
    with pytest.raises(ValueError, match="must be"):
        make(size, variation)
