"""The bandwidth study: its closed-form kernels are those of the encodings, its figure comes from a sweep."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from conftest import Command
from fieldlab.encodings.gaussian import GaussianFourier
from fieldlab.encodings.gaussian_octaves import GaussianOctaves
from fieldlab.report.study import report
from fieldlab.studies.bandwidth import OCTAVES, SINGLE, mixture, narrowest_width

PIXELS = 128
ROWS = 1 << 15
ERROR = 5 / np.sqrt(2 * ROWS)  # of a mean of cosines


def measured(encoding: torch.nn.Module, length: float, distances: np.ndarray, skip: int) -> np.ndarray:
    """The encoding's own inner products at these distances in pixels, along a slanted line."""
    x = torch.zeros(1, 2)
    shifted = torch.from_numpy(distances / PIXELS * length).float()[:, None] * torch.tensor([[0.6, 0.8]])
    return (encoding(x)[:, skip:] * encoding(x + shifted)[:, skip:]).sum(-1).numpy()


@pytest.mark.parametrize("sigma", [1.0, 8.0])
def test_one_scale_is_the_closed_form(sigma: float):
    distances = np.linspace(-16, 16, 21)
    width = narrowest_width(SINGLE, {"sigma": sigma}) * PIXELS
    kernel = measured(GaussianFourier(2, rows=ROWS, sigma=sigma, seed=0), 1, distances, skip=0) / ROWS
    np.testing.assert_allclose(kernel, mixture([width], distances), atol=ERROR)


def test_octaves_are_the_mean_of_their_kernels():
    sigma, top, rows = 2.0, 3, 1 << 13
    distances = np.linspace(-16, 16, 21)
    width = narrowest_width(OCTAVES, {"sigma": sigma, "max_octave": top}) * PIXELS
    encoding = GaussianOctaves(2, rows=rows, sigma=sigma, max_octave=top)
    kernel = measured(encoding, 2, distances, skip=rows) / (rows * (top + 1))  # [-1, 1] is twice the picture
    expected = mixture([width * 2**octave for octave in range(top + 1)], distances)
    np.testing.assert_allclose(kernel, expected, atol=5 / np.sqrt(2 * rows))


@pytest.mark.slow
def test_the_study_draws_its_figure_with_and_without_photos(command: Command):
    quick = ["signal.size=16", "steps=2", "compile=false", "trainer=cpu", "logger=none", "seed=0,1"]
    code, out, err = command("experiment=bandwidth", *quick, "field.encoding.rows=4,8", "field.encoding.sigma=1,8")
    assert code == 0, err
    assert "| gaussian_octaves |" in out
    figure = Path("runs/bandwidth/figure.png")
    tall = Image.open(figure).height
    report(Path("runs/bandwidth"), Path("answer"), photos=False)
    assert Image.open(figure).height < tall
    text = Path("answer/README.md").read_text()
    assert "--without-photos" in text
    assert "bicubic interpolation from the same training pixels" in text
