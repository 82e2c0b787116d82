"""Transforms do what their names say, to each image of a batch by itself, and to images of any shape."""

import pytest
import torch

from fieldlab.tasks.visualize.transforms.affine import Rotate, Scale, Shear, transform_images
from fieldlab.tasks.visualize.transforms.blur import Blur
from fieldlab.tasks.visualize.transforms.crop import Crop
from fieldlab.tasks.visualize.transforms.jitter import Jitter
from fieldlab.tasks.visualize.transforms.pad import Pad
from fieldlab.tasks.visualize.transforms.transform import Transform, TransformSequence

EVERY: dict[str, Transform] = {
    "pad": Pad(width=3, value=0.5),
    "reflected": Pad(width=3, value=None),
    "jitter": Jitter(pixels=4),
    "scale": Scale(factors=(0.8, 1.2), outside="reflection"),
    "rotate": Rotate(degrees=30.0, outside="border"),
    "shear": Shear(degrees=20.0, outside="zeros"),
    "crop": Crop(sides=(0.2, 0.5), size=(6, 9)),
    "blur": Blur(sigmas=(0.5, 1.5)),
}
EVERY["composed"] = TransformSequence(list(EVERY.values()))


def ends(transform: Transform, n: int, u: float) -> torch.Tensor:
    return torch.full((n, transform.numbers), u)


@pytest.mark.parametrize("name", EVERY)
def test_each_image_of_a_batch_is_its_own(name: str):
    transform, images = EVERY[name], torch.rand(3, 2, 16, 21)
    u = torch.rand(3, transform.numbers)
    together = transform(images, u)
    for i in range(3):
        torch.testing.assert_close(together[i : i + 1], transform(images[i : i + 1], u[i : i + 1]))
    if transform.numbers:
        same = transform(images[:1].expand(2, -1, -1, -1), torch.rand(2, transform.numbers))
        assert not torch.allclose(same[0], same[1])


@pytest.mark.parametrize("name", EVERY)
def test_slopes_reach_every_image(name: str):
    images = torch.rand(2, 3, 16, 21, requires_grad=True)
    EVERY[name](images, torch.rand(2, EVERY[name].numbers)).square().sum().backward()
    assert images.grad is not None
    assert (images.grad.flatten(1).abs().sum(1) > 0).all()
    assert images.grad.isfinite().all()


def test_rotation_is_in_true_degrees():
    """By 25 degrees of the identity, as re-derived with plain torch."""
    rotate = Rotate(degrees=25.0, outside="zeros")
    turned = rotate(torch.eye(4)[None, None], ends(rotate, 1, 1.0))[0, 0]
    expected = [[0.1143, 0, 0, 0], [0.5258, 0.6198, 0.2157, 0], [0, 0.2157, 0.6198, 0.5258], [0, 0, 0, 0.1143]]
    torch.testing.assert_close(turned, torch.tensor(expected), atol=1e-4, rtol=0)


def test_a_quarter_turn_is_one_and_shears_nothing():
    """Also where the image is wider than high: a bar stays as long as it was."""
    images = torch.rand(1, 1, 9, 9)
    rotate = Rotate(degrees=90.0, outside="zeros")
    torch.testing.assert_close(
        rotate(images, ends(rotate, 1, 1.0)), torch.rot90(images, 1, (2, 3)), atol=1e-5, rtol=0
    )
    wide = torch.zeros(1, 1, 32, 64)
    wide[..., 14:18, 24:40] = 1  # 16 wide, 4 high
    lines = rotate(wide, ends(rotate, 1, 1.0))[0, 0]
    assert (lines.sum(0) > 0.5).sum() == 4
    assert (lines.sum(1) > 0.5).sum() == 16


def test_scale_is_about_the_middle():
    """Two thirds as large, as re-derived with plain torch; twice as large shows the middle."""
    ramp = torch.arange(16.0).view(1, 1, 4, 4)
    scale = Scale(factors=(1 / 1.5, 2.0), outside="zeros")
    expected = [
        [0, 0.1875, 0.5625, 0.1875], [0.75, 3.75, 5.25, 1.5], [2.25, 9.75, 11.25, 3], [0.75, 3.1875, 3.5625, 0.9375],
    ]  # fmt: skip
    torch.testing.assert_close(scale(ramp, ends(scale, 1, 0.0))[0, 0], torch.tensor(expected), atol=1e-4, rtol=0)
    larger = scale(ramp, ends(scale, 1, 1.0))[0, 0]
    assert larger.mean() == pytest.approx(7.5)
    assert larger.std() < ramp.std()


def test_shear_moves_rows_in_proportion_to_their_height():
    shear = Shear(degrees=45.0, outside="zeros")
    line = torch.zeros(1, 1, 9, 21)
    line[..., 10] = 1
    leaning = shear(line, ends(shear, 1, 1.0))[0, 0]
    assert leaning.argmax(1).tolist() == [14, 13, 12, 11, 10, 9, 8, 7, 6]


def test_nothing_happens_in_the_middle_of_every_range():
    images = torch.rand(2, 3, 7, 10)
    for transform in (
        Rotate(degrees=9.0, outside="zeros"),
        Shear(degrees=9.0, outside="zeros"),
        Scale(factors=(0.5, 1.5), outside="zeros"),
    ):
        torch.testing.assert_close(transform(images, ends(transform, 2, 0.5)), images, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        transform_images(images, torch.eye(2).expand(2, 2, 2), "zeros"), images, atol=1e-5, rtol=0
    )


def test_jitter_is_by_whole_pixels_and_has_a_mean_of_zero():
    jitter = Jitter(pixels=8)
    rows, columns = torch.meshgrid(torch.arange(20.0), torch.arange(30.0), indexing="ij")
    n = 4000
    seen = jitter(torch.stack([rows, columns]).expand(n, -1, -1, -1), torch.rand(n, 2))
    assert seen.shape == (n, 2, 12, 22)
    shifts = seen[:, :, 0, 0] - 4  # from the middle window
    assert sorted(set(shifts.flatten().tolist())) == list(range(-4, 5))
    deviation = (sum(k * k for k in range(-4, 5)) / 9) ** 0.5
    assert (shifts.mean(0).abs() < 4 * deviation / n**0.5).all()
    torch.testing.assert_close(seen[:, 0, 1] - seen[:, 0, 0], torch.ones(n, 22))


def test_a_crop_is_the_box_it_says():
    images = torch.rand(1, 1, 8, 12)
    crop = Crop(sides=(0.5, 0.5), size=(4, 6))
    torch.testing.assert_close(crop(images, ends(crop, 1, 0.0)), images[..., :4, :6], atol=1e-5, rtol=0)
    torch.testing.assert_close(crop(images, ends(crop, 1, 1.0)), images[..., 4:, 6:], atol=1e-5, rtol=0)


def test_blur_is_a_gaussian():
    blur = Blur(sigmas=(1.0, 1.5))
    dot = torch.zeros(2, 1, 31, 31)
    dot[..., 15, 15] = 1
    seen = blur(dot, torch.tensor([[0.0], [1.0]]))[:, 0]
    torch.testing.assert_close(seen.sum((1, 2)), torch.ones(2))
    place = torch.arange(31.0) - 15
    variance = (seen.sum(1) * place**2).sum(1)
    torch.testing.assert_close(variance, torch.tensor([1.0, 1.5**2]), atol=0.05, rtol=0)
    torch.testing.assert_close(blur(torch.full((1, 3, 8, 9), 0.3), torch.rand(1, 1)), torch.full((1, 3, 8, 9), 0.3))


def test_nothing_composed_is_nothing():
    images = torch.rand(1, 3, 4, 4)
    assert TransformSequence([])(images, torch.rand(1, 0)) is images


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pad(width=-1, value=None), "width must be at least 0, not -1"),
        (lambda: Jitter(pixels=-1), "pixels must be at least 0"),
        (lambda: Scale(factors=(0.0, 1.0), outside="zeros"), "factors must be two numbers above 0"),
        (lambda: Scale(factors=(2.0, 1.0), outside="zeros"), "low before high"),
        (lambda: Shear(degrees=90.0, outside="zeros"), "degrees must be below 90"),
        (lambda: Crop(sides=(0.5, 1.5), size=(4, 4)), "sides must be at most 1"),
        (lambda: Crop(sides=(0.5, 1.0), size=(0, 4)), "size must be .ROWS, COLUMNS., at least one pixel"),
        (lambda: Blur(sigmas=(-1.0, 1.0)), "sigmas must be two numbers above 0"),
        (
            lambda: Jitter(pixels=4)(torch.rand(1, 1, 4, 9), torch.rand(1, 2)),
            "4 x 9 pixels has no room to jitter by 4",
        ),
    ],
)
def test_impossible_transforms(make, message: str):
    with pytest.raises(ValueError, match=message):
        make()
