"""Folders that stand for the signals in them, and what is passed over there."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from conftest import Said
from fieldlab.errors import InputError
from fieldlab.signals.files import pictures_in, signal_files


def fill(*names: str) -> Path:
    folder = Path("mine")
    folder.mkdir(exist_ok=True)
    for name in names:
        file = folder / name
        if file.suffix == ".npy":
            np.save(file, np.zeros(4))
        elif file.suffix == ".wav":
            wavfile.write(file, 8000, np.zeros(4, np.int16))
        elif file.suffix in (".png", ".jpg"):
            Image.new("L", (2, 2)).save(file)
        else:
            file.write_bytes(b"something")
    return folder


def names(files: list[Path]) -> list[str]:
    return [file.name for file in files]


def test_hidden_files_are_passed_over(said: Said):
    folder = fill("a.jpg", "b.png", ".DS_Store")
    (folder / "._a.jpg").write_bytes(b"\0\5\26\7")  # what macOS leaves on foreign disks
    assert names(signal_files(folder)) == names(pictures_in(folder)) == ["a.jpg", "b.png"]
    assert said() == []


def test_what_cannot_be_read_is_told_with_the_remedy(said: Said):
    folder = fill("a.png", "b.HEIC", "c.HEIC", "d.CR2", "notes.txt", "labels.csv")
    assert names(signal_files(folder)) == ["a.png"]
    assert said() == [
        "mine: b.HEIC and 1 more .HEIC are passed over, its pictures are taken; pip install pillow-heif, and it is read as it is",
        "mine: d.CR2 is passed over, its pictures are taken; darktable-cli d.CR2 d.tif develops it, then signal=image signal.path=d.tif",
    ]


def test_a_folder_stands_for_the_kind_of_which_it_has_most(said: Said):
    album = fill("1.wav", "2.wav", "cover.jpg")
    assert names(signal_files(album)) == ["1.wav", "2.wav"]
    assert said() == ["mine: cover.jpg is passed over, its .wav sounds are taken; signal=image reads it"]
    assert names(signal_files(fill("back.jpg"))) == ["back.jpg", "cover.jpg"]  # of as many, the pictures


def test_a_folder_of_what_cannot_be_read_is_bad_input():
    with pytest.raises(InputError, match=r"there are no pictures, .npy arrays or .wav sounds in mine: a.HEIC is none; pip install pillow-heif"):  # fmt: skip
        signal_files(fill("a.HEIC"))
