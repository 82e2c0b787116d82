"""The texture network knows textures it was not trained on, is the same for the same seed, and is trained once."""

from pathlib import Path

import pytest
import skimage
import torch

from fieldlab.classifiers import texture as module
from fieldlab.classifiers.texture import TESTED, TRAINED, cut_patches, texture, vary_colours
from fieldlab.errors import InputError

PHOTOS = {name: f"skimage:{name}.png" for name in ("brick", "grass", "gravel")}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIELDLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def small(seed: int = 0) -> torch.nn.Module:
    return texture(photos=PHOTOS, crops=8, epochs=1, seed=seed, judge=None).network


def test_no_patch_is_of_both_areas():
    places = torch.stack(torch.meshgrid(torch.arange(64.0), torch.arange(200.0), indexing="ij"))
    picture = torch.cat([places, places[:1]])
    generator = torch.Generator().manual_seed(0)
    seen, held_out = (cut_patches([picture], share, 500, generator)[0][:, 1] for share in (TRAINED, TESTED))
    assert seen.min() == 0
    assert seen.max() == 0.68 * 200 - 1 < held_out.min() == 0.7 * 200
    assert held_out.max() == 199


def test_half_of_the_patches_are_grey():
    x = vary_colours(torch.rand(400, 3, 4, 4), torch.Generator().manual_seed(0))
    inner = (x > 0).all(1) & (x < 1).all(1)
    ratio = (x[:, 0] / x[:, 1]).where(inner, torch.nan)
    grey = torch.stack([r[~r.isnan()].std() < 0.2 for r in ratio])
    assert 120 < grey.sum() < 280
    assert x.min() >= 0
    assert x.max() <= 1


def test_it_is_trained_once_and_the_same_for_the_same_seed(cache: Path, caplog: pytest.LogCaptureFixture):
    x = torch.rand(2, 3, 40, 50)
    first, other = small()(x), small(seed=1)(x)
    assert caplog.text.count("training the network texture-s") == 2
    assert torch.equal(small()(x), first)
    assert caplog.text.count("training the") == 2
    [file] = cache.glob("texture-s0-*")
    file.unlink()
    assert torch.equal(small()(x), first)
    assert not torch.equal(other, first)
    assert not list(cache.glob("*.draft"))


@pytest.mark.slow
def test_it_knows_what_it_has_not_seen():
    network, known = module.train(PHOTOS, 200, 10, 0)
    assert known > 0.8  # 1.00 when this was written; chance is 1/3
    assert network(torch.rand(2, 3, 40, 50)).shape == (2, 3)


def test_bad_photos_are_named(tmp_path: Path):
    with pytest.raises(ValueError, match="two photos at least"):
        texture(photos={"brick": "skimage:brick.png"}, crops=1, epochs=1, seed=0, judge=None)
    with pytest.raises(InputError, match=r"photos\.b: there is no file none\.png"):
        texture(photos={"a": "skimage:brick.png", "b": "none.png"}, crops=1, epochs=1, seed=0, judge=None)
    skimage.io.imsave(tmp_path / "tiny.png", torch.zeros(20, 20, 3, dtype=torch.uint8).numpy(), check_contrast=False)
    with pytest.raises(ValueError, match=r"photos\.a: .*tiny\.png is too small for patches of 32 x 32"):
        texture(
            photos={"a": str(tmp_path / "tiny.png"), "b": "skimage:brick.png"}, crops=1, epochs=1, seed=0, judge=None
        )
