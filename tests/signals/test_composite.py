"""Composites: what is blended, and the solution that goes with it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.io import imsave

from fieldlab.errors import InputError
from fieldlab.signals import stencils
from fieldlab.signals.composite import composite
from fieldlab.signals.grid import Grid
from fieldlab.signals.images import image


def blend(**settings) -> Grid:
    given = {
        "name": None, "path": "skimage:camera.png", "other": "skimage:astronaut.png", "mask": None, "rule": "strongest",
        "weights": [1.0, 1.0], "size": 32, "channels": "grey", "background": "white", "alignment": "centers",
    }  # fmt: skip
    return composite(**{**given, **settings})


def photo(name: str, channels: str = "grey") -> Grid:
    return image(
        name=None,
        path=name,
        mask=None,
        page=None,
        size=32,
        channels=channels,
        background="white",
        alignment="centers",
    )  # type: ignore[arg-type]


def correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return np.corrcoef(a.flatten(), b.flatten())[0, 1]


@pytest.mark.parametrize("channels", ["grey", "rgb"])
def test_a_sum_is_the_weighted_sum_of_the_photos(channels: str):
    """Its gradients are integrable: the solution is the sum itself, but for what central differences lose."""
    signal = blend(rule="sum", weights=[1.0, 0.5], channels=channels)
    plain = photo("skimage:camera.png", channels).values + 0.5 * photo("skimage:astronaut.png", channels).values
    for c in range(signal.channels):
        assert correlation(signal.values[..., c], plain[..., c]) > 0.98
    assert (signal.values.amin(), signal.values.amax()) == (0, 1)
    assert signal.gradients is not None
    ratio = signal.gradients / sum(w * stencils.gradient(photo(n, channels), "central") for w, n in ((1, "skimage:camera.png"), (0.5, "skimage:astronaut.png")))  # fmt: skip
    assert ratio[ratio.isfinite()].median().item() == pytest.approx(ratio[ratio.isfinite()].mean().item(), rel=1e-3)


def test_each_channel_and_axis_takes_the_stronger_photo():
    signal = blend(channels="rgb")
    g, h = (stencils.gradient(photo(n, "rgb"), "central") for n in ("skimage:camera.png", "skimage:astronaut.png"))
    assert signal.gradients is not None
    scale = signal.gradients.norm() / torch.where((g.norm(dim=-1) >= h.norm(dim=-1))[..., None], g, h).norm()
    larger = torch.maximum(g.norm(dim=-1), h.norm(dim=-1))
    torch.testing.assert_close(signal.gradients.norm(dim=-1), scale * larger)


def test_a_mask_takes_each_photo_on_its_side():
    imsave(
        "mask.png",
        np.repeat(np.array([[0, 255]], dtype=np.uint8), 16, axis=1).repeat(32, axis=0),
        check_contrast=False,
    )
    signal = blend(mask="mask.png")
    assert signal.mask is not None
    assert signal.mask[:, 17:].all()
    assert not signal.mask[:, :15].any()
    assert signal.gradients is not None
    right = stencils.gradient(photo("skimage:camera.png"), "central")[:, 17:]
    assert correlation(signal.gradients[:, 17:], right) == pytest.approx(1, abs=1e-5)


def test_the_other_photo_takes_the_size_of_the_first():
    imsave("wide.png", np.arange(20 * 30, dtype=np.uint16).reshape(20, 30).astype(np.uint8), check_contrast=False)
    assert blend(path="wide.png", size=None).grid == (20, 30)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"weights must be two positive numbers, not \[1.0\]"):
        blend(weights=[1.0])
    with pytest.raises(InputError, match=r"signal.other: there is no file nowhere.png"):
        blend(other="nowhere.png")
    with pytest.raises(InputError, match=r"signal.mask: there is no file nowhere.png"):
        blend(mask="nowhere.png")


def test_its_files_decide_the_fit(small, clean_folder: Path):
    from fieldlab.config.compose import settle
    from fieldlab.config.fingerprint import hash_run

    imsave("a.png", np.zeros((8, 8), dtype=np.uint8), check_contrast=False)
    settings = ("signal=composite", "signal.size=16", "signal.other=a.png", "split=all", "supervise=gradient")
    before = small(*settings)
    assert Path(before.folder).name.startswith("siren-camera+a-s0-")
    first = hash_run(settle(before))
    imsave("a.png", np.full((8, 8), 255, dtype=np.uint8), check_contrast=False)
    assert hash_run(settle(small(*settings))) != first
