"""Photos by name: files, folders and packages; areas of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fieldlab.errors import InputError
from fieldlab.signals.photos import draw_crops, enlarge_to_cover, expand_folders, read_photos


def places(rows: int, columns: int) -> torch.Tensor:
    """Every pixel says where it is."""
    return torch.stack(torch.meshgrid(torch.arange(float(rows)), torch.arange(float(columns)), indexing="ij"))


def test_folders_are_opened_and_packages_are_not(clean_folder: Path):
    (clean_folder / "mine").mkdir()
    for name in ("b.png", "a.jpg"):
        Image.fromarray(np.zeros((9, 12), np.uint8)).save(clean_folder / "mine" / name)
    (clean_folder / "mine/notes.txt").write_text("no picture")
    found = expand_folders({"x": "mine", "y": "skimage:brick.png", "z": "mine/b.png"}, "photos")
    assert found == {"x/a": "mine/a.jpg", "x/b": "mine/b.png", "y": "skimage:brick.png", "z": "mine/b.png"}
    photos = read_photos({"x": "mine"}, "photos", channels=1, size=None)
    assert {name: tuple(photo.shape) for name, photo in photos.items()} == {"x/a": (1, 9, 12), "x/b": (1, 9, 12)}
    assert read_photos({"x": "mine"}, "photos", channels=3, size=(6, 5))["x/a"].shape == (3, 6, 5)


def test_scikit_learns_photos_are_known():
    pytest.importorskip("sklearn")
    assert read_photos({"china": "sklearn:china.jpg"}, "photos", channels=3, size=None)["china"].shape == (
        3,
        427,
        640,
    )


def test_what_is_no_photo_is_told(clean_folder: Path):
    (clean_folder / "empty").mkdir()
    for paths, channels, message in (
        ({"x": "empty"}, 3, "photos.x: there are no pictures in empty"),
        ({"x": "none.png"}, 3, "photos.x: there is no file none.png"),
        ({"x": "skimage:brick.png"}, 5, "photos: pictures have 1 channel or 3, not 5"),
    ):
        with pytest.raises(InputError, match=message):
            read_photos(paths, "photos", channels=channels, size=None)


def test_crops_are_areas_of_the_photo_and_reach_its_edges():
    areas = draw_crops(places(20, 30), (5, 7), 400, torch.Generator().manual_seed(0))
    assert areas.shape == (400, 2, 5, 7)
    corners = areas[:, :, 0, 0]
    torch.testing.assert_close(areas, corners[:, :, None, None] + places(5, 7))
    assert corners.amin(0).tolist() == [0, 0]
    assert corners.amax(0).tolist() == [15, 23]


def test_small_photos_are_enlarged_in_their_aspect():
    assert enlarge_to_cover(torch.rand(3, 20, 30), (40, 40)).shape == (3, 40, 60)
    large = torch.rand(3, 50, 60)
    assert enlarge_to_cover(large, (40, 40)) is large
    assert draw_crops(torch.rand(1, 10, 30), (16, 16), 3, torch.Generator()).shape == (3, 1, 16, 16)
