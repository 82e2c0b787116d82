"""How measurements are taken: linear operators, held to what other libraries and closed forms say."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data
from skimage.transform import radon

import fieldlab
from conftest import options
from fieldlab.config.instantiate import build
from fieldlab.errors import InputError
from fieldlab.tasks.inverse.observations.blurs import GaussianBlur, MotionBlur
from fieldlab.tasks.inverse.observations.downsampling import Downsample
from fieldlab.tasks.inverse.observations.everywhere import Everywhere
from fieldlab.tasks.inverse.observations.fourier import FourierSamples
from fieldlab.tasks.inverse.observations.masks import Blocks, MaskPicture, RandomShare
from fieldlab.tasks.inverse.observations.noise import Noise
from fieldlab.tasks.inverse.observations.observation import Observation
from fieldlab.tasks.inverse.observations.projections import Projections

SIDE = 24


def observe(name: str, *overrides: str, side: int = SIDE) -> Observation:
    """One of the shipped observations, of a grey picture."""
    if name == "mask":
        mask = np.zeros((side, side), np.uint8)
        mask[3:, :5] = 255
        Image.fromarray(mask).save("mask.png")
        overrides = (*overrides, "observe.path=mask.png")
    if name == "blocks":
        overrides = ("observe.side=6", *overrides)
    node = fieldlab.compose("task=inverse", f"observe={name}", *overrides)["observe"]
    return build(node, "observe", grid=(side, side), channels=1)


def camera(side: int = 64) -> torch.Tensor:
    step = 512 // side
    return torch.from_numpy(data.camera()[::step, ::step].astype(np.float32) / 255).view(1, -1, 1)


@pytest.mark.parametrize("name", options("observe"))
def test_it_is_linear_and_its_adjoint_is_one(name: str):
    operator = observe(name).double()
    v, u = torch.randn(2, 1, SIDE**2, 1, dtype=torch.float64).unbind(0)
    w = torch.randn(1, operator.count, operator.width, dtype=torch.float64)
    both = operator.measure(2 * v - 3 * u)
    torch.testing.assert_close(both, 2 * operator.measure(v) - 3 * operator.measure(u))
    there, back = (operator.measure(v) * w).sum(), (v * operator.adjoint(w)).sum()
    torch.testing.assert_close(there, back)


@pytest.mark.parametrize("name", options("observe"))
def test_a_field_is_observed_as_its_values_are_measured(name: str):
    operator = observe(name)
    x = torch.cartesian_prod(torch.arange(SIDE), torch.arange(SIDE)).float() / SIDE

    def field(points: torch.Tensor) -> torch.Tensor:
        return (points[..., :1] * 3).sin() + points[..., 1:] ** 2

    number = torch.randint(operator.count, (2, 7))
    seen = operator.observe(field, x, number)
    wanted = operator.measure(field(x.expand(2, -1, -1)))
    torch.testing.assert_close(seen, wanted.gather(1, number.unsqueeze(-1).expand(-1, -1, operator.width)))


def test_projections_are_scikit_images():
    operator = Projections(grid=(64, 64), channels=1, angles=7)
    ours = 64 * operator.measure(camera())[0, :, 0].view(7, 64).T
    disc = np.hypot(*np.meshgrid(np.arange(64) - 32, np.arange(64) - 32)) <= 32
    theirs = radon(np.where(disc, camera()[0, :, 0].view(64, 64).numpy(), 0), theta=operator.theta, circle=True)
    np.testing.assert_allclose(ours.numpy(), theirs, atol=2e-3)


def test_a_box_is_a_mean_and_cubic_reduction_is_pillows():
    photo = camera(64)
    box = Downsample(grid=(64, 64), channels=1, factor=4, kernel="box").measure(photo)
    means = torch.nn.functional.avg_pool2d(photo.view(1, 1, 64, 64), 4)
    torch.testing.assert_close(box.view(16, 16), means[0, 0])
    cubic = Downsample(grid=(64, 64), channels=1, factor=4, kernel="bicubic").measure(photo).view(16, 16)
    theirs = Image.fromarray(photo.view(64, 64).numpy()).resize((16, 16), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(cubic[3:-3, 3:-3].numpy(), np.asarray(theirs)[3:-3, 3:-3], atol=1e-5)


@pytest.mark.parametrize("kernel", ["box", "gaussian", "bicubic"])
def test_a_flat_signal_stays_flat(kernel: str):
    flat = torch.full((1, 36, 2), 0.3)
    for factor in (2, 3):
        seen = Downsample(grid=(6, 6), channels=2, factor=factor, kernel=kernel).measure(flat)  # type: ignore[arg-type]
        torch.testing.assert_close(seen, torch.full_like(seen, 0.3))


def test_a_gaussian_blur_is_scipys():
    photo = camera(64)
    ours = GaussianBlur(grid=(64, 64), channels=1, sigma=1.5).measure(photo).view(64, 64)
    theirs = gaussian_filter(photo.view(64, 64).numpy(), 1.5, mode="reflect", truncate=3)
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-5)


def test_motion_is_a_mean_along_its_way():
    photo = torch.rand(1, 32 * 32, 1)
    moved = MotionBlur(grid=(32, 32), channels=1, length=5, angle=0).measure(photo).view(32, 32)
    along = torch.stack([photo.view(32, 32).roll(shift, 1) for shift in range(-2, 3)]).mean(0)
    torch.testing.assert_close(moved[:, 4:-4], along[:, 4:-4])
    down = MotionBlur(grid=(32, 32), channels=1, length=5, angle=90)
    assert down.offsets[:, 1].eq(0).all()


def test_masks_show_what_they_say():
    share = RandomShare(grid=(20, 20), channels=3, fraction=0.1, seed=0)
    assert share.count == 40
    again = RandomShare(grid=(20, 20), channels=3, fraction=0.1, seed=1)
    assert not share.seen.equal(again.seen)
    holes = Blocks(grid=(20, 20), channels=1, blocks=1, side=5, seed=0)
    assert holes.count == 400 - 25
    Image.fromarray(np.eye(20, dtype=np.uint8) * 255).save("eye.png")
    eye = MaskPicture(grid=(20, 20), channels=1, path="eye.png")
    assert eye.centres.tolist() == [[i, i] for i in range(20)]
    shown = eye.draw(torch.ones(20, 1))
    assert shown is not None
    assert shown[..., 0].eq(1).equal(torch.eye(20).bool())


def test_all_frequencies_hold_all_energy_and_filling_is_the_adjoint():
    photo = camera(32)
    whole = FourierSamples(grid=(32, 32), channels=1, fraction=1.0, centre=0.1, power=0, seed=0)
    measured = whole.measure(photo)
    torch.testing.assert_close(measured.square().sum(), photo.square().sum())
    torch.testing.assert_close(whole.fill(measured[0]).view(-1), photo.view(-1), atol=1e-5, rtol=0)
    some = FourierSamples(grid=(32, 32), channels=1, fraction=0.3, centre=0.1, power=2, seed=0)
    w = torch.randn(1, some.count, 2)
    torch.testing.assert_close(some.fill(w[0]).flatten(), some.adjoint(w)[0, :, 0], atol=1e-5, rtol=0)
    assert some.count == round(0.3 * 32**2)


def test_low_frequencies_are_preferred_and_the_centre_is_whole():
    def mean_frequency(power: float) -> float:
        seen = FourierSamples(grid=(64, 64), channels=1, fraction=0.2, centre=0.1, power=power, seed=0).seen
        line = torch.fft.fftfreq(64).abs() * 2
        frequency = torch.hypot(*torch.meshgrid(line, line, indexing="ij"))
        within = torch.maximum(*torch.meshgrid(line, line, indexing="ij")) <= 0.1
        assert seen[within].all()
        return frequency[seen].mean().item()

    assert mean_frequency(8) < mean_frequency(2) < mean_frequency(0)


def test_sounds_and_volumes_are_measured_too():
    for grid in ((40,), (8, 8, 8)):
        for operator in (
            Everywhere(grid=grid, channels=1),
            RandomShare(grid=grid, channels=1, fraction=0.5, seed=0),
            GaussianBlur(grid=grid, channels=1, sigma=1),
            Downsample(grid=grid, channels=1, factor=2, kernel="box"),
            FourierSamples(grid=grid, channels=1, fraction=0.5, centre=0.2, power=1, seed=0),
        ):
            values = torch.rand(1, math.prod(grid), 1)
            measured = operator.measure(values)[0]
            assert measured.shape == (operator.count, operator.width)
            assert operator.draw(measured) is None
            for made in operator.yardsticks(measured).values():
                assert made.shape == (*grid, 1)


def test_noise_has_its_moments_and_a_seed_of_its_own():
    clean = torch.full((200_000, 1), 0.4)
    photons = Noise(photons=25, readout=0, seed=0).add(clean)
    assert photons.mean().item() == pytest.approx(0.4, abs=1e-3)
    assert photons.var().item() == pytest.approx(0.4 / 25, rel=0.02)
    both = Noise(photons=25, readout=0.1, seed=0).add(clean)
    assert both.var().item() == pytest.approx(0.4 / 25 + 0.01, rel=0.02)
    torch.manual_seed(7)
    assert Noise(photons=25, readout=0.1, seed=0).add(clean).equal(both)
    assert not Noise(photons=25, readout=0.1, seed=1).add(clean).equal(both)
    assert Noise(photons=None, readout=0, seed=0).add(clean).equal(clean)


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("random", ["observe.fraction=1.5"], "fraction must be between 0 and 1"),
        ("downsample", ["observe.factor=5"], "factor 5 should divide"),
        ("downsample", ["observe.kernel=lanczos"], "should be"),
        ("blur", ["observe.sigma=0"], "sigma must be positive"),
        ("motion", ["observe.length=1"], "length must be at least 2"),
        ("blocks", ["observe.side=24"], "side must be from 1 to below 24"),
        ("fourier", ["observe.centre=0.9"], "more than fraction 0.25"),
        ("projections", ["observe.angles=0"], "angles must be at least 1"),
    ],
)
def test_what_cannot_be_is_named(name: str, overrides: list[str], message: str, clean_folder: Path):
    with pytest.raises(InputError, match=f"observe.*{message}"):
        observe(name, *overrides)


def test_projections_are_of_grey_squares():
    with pytest.raises(ValueError, match="square pictures of one channel"):
        Projections(grid=(8, 9), channels=1, angles=3)
