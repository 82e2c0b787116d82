"""Sounds of every depth, as they are read and written."""

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.io import wavfile

from conftest import Said
from fieldlab.errors import InputError
from fieldlab.signals.grid import Grid
from fieldlab.signals.pictures import graph, picture
from fieldlab.signals.sounds import sound
from fieldlab.tasks.fit.pictures import save_media

WAVES = np.stack([np.sin(np.linspace(0, 30, 200)), 0.5 * np.cos(np.linspace(0, 20, 200))], axis=-1)


def load(path: str = "a.wav", **settings: Any) -> Grid:
    defaults = {"name": None, "seconds": None, "channels": "all", "span": None, "alignment": "centers"}
    return sound(path=path, **{**defaults, **settings})


def save_24_bits(values: np.ndarray) -> None:
    """Three bytes a sample, as no function of SciPy writes them."""
    data = b"".join(int(v).to_bytes(3, "little", signed=True) for v in values.flatten())
    with wave.open("a.wav", "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(3)
        file.setframerate(8000)
        file.writeframes(data)


@pytest.mark.parametrize("bits", [8, 16, 24, 32, 0])
def test_every_depth_is_read_by_full_scale_and_written_as_it_was(bits: int, said: Said):
    full = 2 ** (bits - 1) if bits else 1
    whole = np.round(WAVES * (full - 1)).astype(np.int64) if bits else WAVES
    if bits == 24:
        save_24_bits(whole)
    else:
        kinds = {8: np.uint8, 16: np.int16, 32: np.int32, 0: np.float32}
        wavfile.write("a.wav", 8000, (whole + 128 if bits == 8 else whole).astype(kinds[bits]))
    signal = load()
    assert (signal.grid, signal.channels, signal.span) == ((200,), 2, (-1, 1))
    np.testing.assert_allclose(2 * signal.values.double().numpy() - 1, whole / full, atol=2e-7)
    save_media(Path(), signal, signal.values)
    with Path("reconstruction.wav").open("rb") as file:
        header = file.read(36)
    assert int.from_bytes(header[34:36], "little") == (bits or 32)
    again = load("reconstruction.wav")
    assert again.medium == signal.medium
    np.testing.assert_allclose(
        again.values.numpy(), signal.values.numpy(), atol=max(2e-7, 1 / (4 * full) if bits else 0)
    )
    assert Path("target.wav").read_bytes() == Path("reconstruction.wav").read_bytes()
    assert said() == []


def test_full_scale_of_whole_numbers_is_clipped_and_not_wrapped():
    wavfile.write("a.wav", 8000, np.array([0, 32767, -32768, 5], np.int16))
    signal = load()
    save_media(Path(), signal, torch.tensor([[0.5], [1.2], [-0.1], [1.0]]))
    assert wavfile.read("reconstruction.wav")[1].tolist() == [0, 32767, -32768, 32767]


def test_parts_and_mono():
    wavfile.write("a.wav", 100, WAVES.astype(np.float32))
    signal = load(seconds=[0.5, 1.25], channels="mono")
    np.testing.assert_allclose(2 * signal.values.numpy() - 1, WAVES[50:125].mean(-1, keepdims=True), atol=1e-6)
    assert signal.medium is not None
    assert signal.medium.duration == 0.75
    with pytest.raises(InputError, match=r"signal.seconds: \[1, 3\] is not within a.wav, 0 to 2 s"):
        load(seconds=[1, 3])


def test_what_psnr_is_relative_to_is_told_of_quiet_and_loud_sounds(said: Said):
    wavfile.write("quiet.wav", 8000, (0.1 * np.sign(WAVES)).astype(np.float32))
    wavfile.write("loud.wav", 8000, (1.5 * WAVES).astype(np.float32))
    load("quiet.wav")
    assert (
        "silence would score 26.0 dB; signal.span=[-0.1001,0.1001]" in said()[0]
    )  # 20 log10(2 / 0.1); 0.1 is no float32
    assert load("quiet.wav", span=[-0.1001, 0.1001]).span == (-0.1001, 0.1001)
    assert load("loud.wav").span == pytest.approx((-1.5, 1.5), abs=1e-3)
    assert "reaches 1.5 times full scale" in said()[1]
    with pytest.raises(
        InputError, match=r"signal.span: loud.wav has values outside \[-1, 1\] of full scale; its peak is 1.49999"
    ):
        load("loud.wav", span=[-1, 1])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("a.mp3", "ffmpeg -i a.mp3 a.wav, then signal=sound signal.path=a.wav"),
        ("a.npy", "signal=array reads it"),
        ("a.wav", "ffmpeg -i a.wav -c:a pcm_s16le a_16.wav"),
    ],
)
def test_other_sounds_are_told_how_to_be_read(name: str, what: str):
    Path(name).write_bytes(b"something else")
    with pytest.raises(InputError, match=what):
        load(name)


def test_all_channels_are_drawn():
    values = (WAVES + 1) / 2
    drawn = picture(values)
    assert drawn.shape == (320, 200, 3)
    for i, half in enumerate((drawn[:160], drawn[160:])):
        assert (half == graph(values[:, i])).all()
    assert (drawn[:160] != drawn[160:]).any()
    assert picture(values[:, :1]).shape == (160, 200, 3)
