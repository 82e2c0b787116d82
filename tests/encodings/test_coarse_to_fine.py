"""Coarse to fine: BARF's weights, the encoding itself at the end, and progress that is trained along, packed and stored."""

from functools import partial
from pathlib import Path

import pytest
import torch

import fieldlab
from fieldlab.encodings.coarse_to_fine import CoarseToFine
from fieldlab.encodings.gaussian_octaves import GaussianOctaves
from fieldlab.encodings.identity import Identity
from fieldlab.encodings.positional import Positional
from fieldlab.encodings.triangle_wave import TriangleWave
from fieldlab.field import build_field
from fieldlab.weights import load

OCTAVES = partial(Positional, num_octaves=8, times_pi=True, include_coordinate=True)
SIZE = (
    "field=coarse_to_fine",
    "signal.size=32",
    "field.network.width=16",
    "trainer=cpu",
    "logger=none",
    "task.scores=2",
)


def test_weights_of_barf():
    """a = 2.4: octaves 0 and 1 are open, the third is at 0.345492."""
    mask = CoarseToFine(1, encoding=OCTAVES, start=0.0, end=1.0)
    mask.advance(3, 10)  # a = 8 * 0.3 = 2.4
    x = torch.tensor([[0.1234]])
    share = (mask(x) / mask.encoding(x)).flatten()
    expected = torch.tensor([1, 1, 0.345492, 0, 0, 0, 0, 0])
    torch.testing.assert_close(share[1:9], expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(share[9:], expected, atol=1e-5, rtol=1e-5)
    assert share[0] == 1  # the coordinate is always there


@pytest.mark.parametrize(
    "encoding", [OCTAVES, partial(GaussianOctaves, rows=4, sigma=1.0, max_octave=2), partial(TriangleWave, waves=5)]
)
def test_at_the_end_it_is_the_encoding(encoding: partial):
    mask = CoarseToFine(2, encoding=encoding, start=0.1, end=0.5)
    x = torch.rand(6, 2)
    assert not torch.allclose(mask(x), mask.encoding(x))
    mask.advance(50, 100)
    torch.testing.assert_close(mask(x), mask.encoding(x))


def test_what_has_no_octaves_is_an_error():
    with pytest.raises(ValueError, match="Identity has no octaves"):
        CoarseToFine(2, encoding=Identity, start=0.0, end=1.0)
    with pytest.raises(ValueError, match="0 <= start < end <= 1"):
        CoarseToFine(2, encoding=OCTAVES, start=0.5, end=0.5)


@pytest.mark.slow
def test_progress_is_trained_along_and_stored(clean_folder: Path):
    configs = [fieldlab.compose(*SIZE, "steps=40", f"seed={seed}", f"folder={seed}") for seed in (0, 1)]
    together = fieldlab.fit(configs)
    assert all(result.status == "finished" for result in together)
    field = load(clean_folder / "0")
    assert field.encoding.progress == 1
    alone = fieldlab.fit([fieldlab.compose(*SIZE, "steps=40", "seed=0", "folder=alone")])
    assert alone[0].scores["full_psnr"] == pytest.approx(together[0].scores["full_psnr"], abs=1e-3)


def test_levels_of_a_grid_are_octaves():
    field = (
        "field=hash_grid_small",
        "field/encoding=coarse_to_fine",
        "field/encoding@field.encoding.encoding=hash_grid_small",
    )
    config = fieldlab.compose(*field, "field.coordinates=[0,1]").field
    mask = build_field(config, dim=2, channels=1).encoding
    mask.advance(20, 100)  # half of the 8 levels
    opened = mask(torch.rand(9, 2)).abs().amax(0) > 0
    assert opened.tolist() == [True] * 8 + [False] * 8
