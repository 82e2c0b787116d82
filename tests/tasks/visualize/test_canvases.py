"""Canvases: the spectrum and the colours are those of the published code, and every canvas can show a photo."""

from collections.abc import Callable

import numpy as np
import pytest
import skimage
import torch

import fieldlab
from fieldlab.field import build_field
from fieldlab.signals.grid import centres
from fieldlab.tasks.visualize.canvases.canvas import Bounded, Canvas
from fieldlab.tasks.visualize.canvases.colors import Colors, learn_colors
from fieldlab.tasks.visualize.canvases.fourier import Fourier
from fieldlab.tasks.visualize.canvases.painted import Painted
from fieldlab.tasks.visualize.canvases.parameterization import Parameterization
from fieldlab.tasks.visualize.canvases.phase import Phase
from fieldlab.tasks.visualize.canvases.pixels import Pixels
from fieldlab.tasks.visualize.canvases.pyramid import Pyramid
from fieldlab.tasks.visualize.canvases.spectrum import frequencies, spectrum_scale

PUBLISHED = [[0.56282854, 0.19482528, 0.0432945], [0.5844758, 0, -0.10823626], [0.5844758, -0.19482528, 0.06494176]]
PLAIN = {"matrix": None, "mean": None}
WAYS: dict[str, Callable[[int, int, tuple[int, int]], Parameterization]] = {
    "pixels": lambda n, c, size: Pixels(n, c, size, sd=0.01),
    "fourier": lambda n, c, size: Fourier(n, c, size, decay_power=1.0, gain=4.0, sd=0.01),
    "fourier, decay 1.5": lambda n, c, size: Fourier(n, c, size, decay_power=1.5, gain=4.0, sd=0.01),
    "pyramid": lambda n, c, size: Pyramid(n, c, size, levels=3, sd=0.01),
}


def photo(size: int = 32) -> torch.Tensor:
    image = torch.from_numpy(skimage.data.astronaut()).float().movedim(-1, 0)[None] / 255
    return torch.nn.functional.interpolate(image, (size, size), mode="area")


def phase(n: int, c: int, size: tuple[int, int]) -> Phase:
    return Phase(n, c, size, magnitude=torch.fft.rfft2(torch.rand(c, *size)).abs(), sd=0.5)


def test_frequencies_are_those_of_rfft2():
    torch.testing.assert_close(frequencies(2, 3), torch.tensor([[0, 1 / 3], [0.5, 0.6009]]), atol=1e-4, rtol=0)


def test_spectrum_scale_is_the_published_one():
    expected = [[4, 4, 2], [4, 2.8284, 1.7889], [2, 1.7889, 1.4142], [4, 2.8284, 1.7889]]
    torch.testing.assert_close(spectrum_scale(4, 4, 1.0), 4 * torch.tensor(expected), atol=1e-3, rtol=0)
    assert (spectrum_scale(5, 7, 0.0) == 35**0.5).all()


def test_coefficients_become_the_image_that_numpy_says():
    canvas = Fourier(1, 1, (4, 4), decay_power=1.0, gain=1.0, sd=0.0)
    canvas.scale.fill_(1)
    canvas.coefficients.data = torch.arange(24.0).view(1, 1, 4, 3, 2)
    z = torch.view_as_complex(canvas.coefficients.data[0, 0]).numpy()
    torch.testing.assert_close(canvas()[0, 0], torch.from_numpy(np.fft.irfft2(z, s=(4, 4))).float())


@pytest.mark.parametrize("size", [(8, 8), (9, 6), (6, 9), (7, 5)])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_written_is_seen(way: str, size: tuple[int, int]):
    canvas = WAYS[way](2, 3, size)
    images = torch.rand(2, 3, *size)
    canvas.write(images)
    torch.testing.assert_close(canvas(), images, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("bounded", ["sigmoid", "clip"])
@pytest.mark.parametrize("colors", [{"matrix": PUBLISHED, "mean": [0.48, 0.46, 0.41]}, PLAIN])
def test_an_initial_image_is_seen(bounded: Bounded, colors: dict):
    canvas = Canvas(WAYS["fourier"](1, 3, (16, 16)), Colors(3, **colors), bounded)
    canvas.write(photo(16))
    torch.testing.assert_close(canvas(), photo(16), atol=2e-3, rtol=0)


@pytest.mark.parametrize("way", [*WAYS, "phase", "field"])
def test_every_canvas_has_n_images_in_range(way: str):
    size = (9, 6)
    field = fieldlab.compose("field=siren", "field.network.width=16").field
    made = {
        "phase": phase(2, 3, size),
        "field": Painted(2, size, make=lambda: build_field(field, dim=2, channels=3)),
    }
    canvas = Canvas(
        made[way] if way in made else WAYS[way](2, 3, size), Colors(3, matrix=PUBLISHED, mean=None), "sigmoid"
    )
    images = canvas()
    assert images.shape == (2, 3, 9, 6)
    assert not torch.equal(images[0], images[1])
    assert (images.min() >= 0) & (images.max() <= 1)
    images.square().sum().backward()
    slopes = [p.grad for p in canvas.parameters()]
    assert slopes
    assert all(slope is not None and slope.isfinite().all() for slope in slopes)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("colors", [PLAIN, {"matrix": PUBLISHED, "mean": None}], ids=["rgb", "decorrelated"])
def test_every_canvas_fits_a_photo(way: str, colors: dict):
    torch.manual_seed(0)
    target = photo()
    canvas = Canvas(WAYS[way](1, 3, (32, 32)), Colors(3, **colors), "sigmoid")
    optimizer = torch.optim.Adam(canvas.parameters(), lr=0.05)
    for _ in range(500):
        error = (canvas() - target).abs().mean()
        if error < 0.01:
            return
        optimizer.zero_grad()
        (canvas() - target).square().mean().backward()
        optimizer.step()
    pytest.fail(f"{error:.4f} after 500 steps")


def test_white_coefficients_become_an_image_with_a_falling_spectrum():
    torch.manual_seed(0)
    images = Fourier(8, 1, (64, 64), decay_power=1.0, gain=4.0, sd=0.01)()
    assert images.std().item() == pytest.approx(0.0185, abs=0.002)  # as the published code begins
    power = torch.fft.rfft2(images.detach()).abs().square().mean((0, 1))
    at = frequencies(64, 64)
    near, far = power[(at > 0.05) & (at < 0.1)].mean(), power[(at > 0.3) & (at < 0.4)].mean()
    assert (near / far).item() == pytest.approx((0.35 / 0.075) ** 2, rel=0.2)


def test_phases_keep_the_magnitudes_of_all_but_mean_and_contrast():
    canvas = phase(3, 1, (8, 8))
    magnitudes = torch.fft.rfft2(canvas()).abs()[:, 0, 1:4, 1:4]
    torch.testing.assert_close(
        magnitudes / magnitudes[:, :1, :1],
        (canvas.magnitude[:, 1:4, 1:4] / canvas.magnitude[:, 1:2, 1:2]).expand(3, -1, -1),
    )
    assert canvas().mean((1, 2, 3)).abs().max() < 1e-6
    torch.testing.assert_close(canvas().std((1, 2, 3), correction=0), torch.full((3,), 0.5))


def test_a_fields_canvas_is_the_field_at_pixel_centres():
    field = fieldlab.compose("field=siren", "field.network.width=16").field
    canvas = Painted(2, (3, 4), make=lambda: build_field(field, dim=2, channels=3))
    x = torch.tensor([(1 + 0.5) / 3, (2 + 0.5) / 4])
    torch.testing.assert_close(canvas()[1, :, 1, 2], canvas.fields.member(1)(x))
    assert canvas.at(centres((6, 8)), (6, 8)).shape == (2, 3, 6, 8)
    with pytest.raises(ValueError, match="fitted to an image, not written"):
        canvas.write(torch.rand(2, 3, 3, 4))


def test_published_colours():
    colors = Colors(3, matrix=PUBLISHED, mean=None)
    ones = torch.ones(1, 3, 1, 1)
    torch.testing.assert_close(colors(ones).flatten(), torch.tensor([0.8009, 0.4762, 0.4546]), atol=1e-3, rtol=0)
    images = torch.rand(2, 3, 4, 5)
    torch.testing.assert_close(colors.inverse(colors(images)), images)
    covariance = torch.tensor(PUBLISHED) @ torch.tensor(PUBLISHED).T
    deviation = covariance.diagonal().sqrt()
    correlation = covariance / deviation / deviation[:, None]
    torch.testing.assert_close(
        correlation[[0, 1, 0], [1, 2, 2]], torch.tensor([0.914, 0.909, 0.794]), atol=1e-3, rtol=0
    )


def test_learned_colours_are_a_root_of_the_covariance_and_align_with_the_published_ones():
    names = ("astronaut", "chelsea", "coffee", "hubble_deep_field", "immunohistochemistry", "retina", "rocket")
    photos = [torch.from_numpy(getattr(skimage.data, name)()[..., :3] / 255).reshape(-1, 3).float() for name in names]
    matrix, mean = learn_colors(photos)
    covariance = sum(torch.cov(pixels.double().T, correction=0) for pixels in photos) / len(photos)
    ratio = (matrix @ matrix.T) / covariance.float()
    torch.testing.assert_close(ratio, torch.full_like(ratio, ratio[0, 0].item()), rtol=1e-3, atol=0)
    torch.testing.assert_close(mean, torch.stack([pixels.mean(0) for pixels in photos]).mean(0))
    cosines = torch.cosine_similarity(matrix, torch.tensor(PUBLISHED), dim=0).abs()
    assert cosines.min() > 0.95, cosines


@pytest.mark.parametrize(
    ("matrix", "mean", "message"),
    [
        ([[1.0, 0], [0, 1]], None, r"matrix is \[2, 2\]; 3 channels need \[3, 3\]"),
        ([[1.0, 0, 0]] * 3, None, "matrix has no inverse"),
        (None, [0.5], "mean has 1 values; 3 channels need as many"),
    ],
)
def test_impossible_colours(matrix: list | None, mean: list | None, message: str):
    with pytest.raises(ValueError, match=message):
        Colors(3, matrix=matrix, mean=mean)


def test_grey_photos_teach_no_colours():
    with pytest.raises(ValueError, match="are all pictures grey"):
        learn_colors([torch.rand(100, 1).expand(-1, 3)])


def test_clipped_values_come_back_but_go_no_further():
    canvas = Canvas(Pixels(1, 1, (1, 4), sd=0.0), Colors(1, **PLAIN), "clip")
    pixels = canvas.parameterization
    pixels.write(torch.tensor([[[[-1.0, -1.0, 2.0, 2.0]]]]))
    (canvas() * torch.tensor([1.0, -1.0, 1.0, -1.0])).sum().backward()
    assert next(pixels.parameters()).grad.flatten().tolist() == [0, -1, 1, 0]
