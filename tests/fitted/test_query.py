"""Asking a fitted field for any place and any resolution."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import DictConfig
from PIL import Image
from scipy.io import wavfile

import fieldlab
from conftest import compose_small
from fieldlab.errors import InputError
from fieldlab.fitted.derivatives import shade_vectors
from fieldlab.operators import gradient
from fieldlab.tasks.roll.warps.floor import Floor
from fieldlab.tasks.roll.warps.rolled_field import RolledField
from fieldlab.tasks.roll.warps.smooth_sawtooth import SmoothSawtooth

Compose = Callable[..., DictConfig]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    there = tmp_path_factory.mktemp("runs") / "coffee"
    config = compose_small(
        "optimizer=adam", "steps=40", "signal=coffee", "signal.size=[24,32]", "logger=none", f"folder={there}"
    )
    fieldlab.fit([config])
    return str(there)


def test_an_integer_is_a_pixels_centre(folder: str):
    query = fieldlab.Query(folder)
    drawn = np.asarray(Image.open(Path(folder) / "reconstruction.png")) / 255
    for row, column in ((0, 0), (5, 31), (23, 7)):
        value = query.at([[row, column]])[0].clamp(0, 1).numpy()
        assert value == pytest.approx(drawn[row, column], abs=0.5 / 255 + 1e-6)


def test_fractional_positions_are_canonical_coordinates_between_centres(folder: str):
    query, field = fieldlab.Query(folder), fieldlab.load(folder)
    expected = field(torch.tensor([[(1.2 + 0.5) / 24, (20.5 + 0.5) / 32]]))
    torch.testing.assert_close(query.at([[1.2, 20.5]]), expected)


def test_rendering_at_the_signals_size_is_its_reconstruction(folder: str):
    drawn = np.asarray(Image.open(Path(folder) / "reconstruction.png")) / 255
    rendered = fieldlab.Query(folder).render((24, 32))
    np.testing.assert_allclose(rendered.clip(0, 1), drawn, atol=0.5 / 255 + 1e-6)


def test_a_region_is_a_part_of_the_whole(folder: str):
    query = fieldlab.Query(folder)
    whole = query.render((48, 64))
    part = query.render((16, 24), region=(4, 2, 12, 14))
    np.testing.assert_allclose(part, whole[8:24, 4:28], atol=1e-5)


def test_many_blocks_are_one_picture(folder: str, monkeypatch: pytest.MonkeyPatch):
    query = fieldlab.Query(folder)
    at_once = query.render((30, 40))
    monkeypatch.setattr("fieldlab.fitted.query.POINTS_AT_ONCE", 77)
    np.testing.assert_allclose(query.render((30, 40)), at_once, atol=1e-5)


def test_bicubic_meets_the_training_pixels(folder: str):
    query = fieldlab.Query(folder)
    target = np.asarray(Image.open(Path(folder) / "target.png")) / 255
    found = query.bicubic((24, 32))
    np.testing.assert_allclose(found[::2, ::2], target[::2, ::2], atol=0.5 / 255 + 1e-4)


def test_a_result_from_before_a_setting_was_there_is_asked_all_the_same(folder: str, tmp_path: Path):
    older = shutil.copytree(folder, tmp_path / "older")
    stored = json.loads((older / "result.json").read_text())
    assert stored["config"]["signal"].pop("page", 0) is None
    (older / "result.json").write_text(json.dumps(stored))
    np.testing.assert_array_equal(fieldlab.Query(older).bicubic((24, 32)), fieldlab.Query(folder).bicubic((24, 32)))


@pytest.mark.slow
def test_arrays_come_back_in_their_own_units(small: Compose):
    sound = 100 + 50 * np.sin(np.linspace(0, 6, 64))
    np.save("sound.npy", sound)
    config = fieldlab.compose("signal=array", "signal.path=sound.npy", "split=all", "steps=100", "trainer=cpu")
    fieldlab.fit([config])
    query = fieldlab.Query(config.folder)
    assert query.at([[10.0]]).item() == pytest.approx(sound[10], abs=5)
    assert query.render((200,)).shape == (200, 1)


def test_a_sound_is_heard_at_any_rate_for_as_long_as_it_takes(ask):
    wavfile.write("tone.wav", 4000, (20_000 * np.sin(np.arange(400))).astype(np.int16))
    fit = ("signal=sound", "signal.path=tone.wav", "steps=1", "task.scores=1", "field.network.width=8", "trainer=cpu", "logger=none")  # fmt: skip
    [result] = fieldlab.fit([fieldlab.compose(*fit)])
    folder = Path(result.config["folder"])
    assert (result.duration, result.span) == (0.1, [-1, 1])
    rate, heard = wavfile.read(folder / "reconstruction.wav")
    assert (rate, heard.shape, heard.dtype) == (4000, (400,), np.int16)
    np.testing.assert_allclose(heard / 32768, fieldlab.Query(folder).render((400,))[:, 0].clip(-1, 1), atol=1e-4)
    assert ask(str(folder), "--size", "800", "--out", "fine.wav")[0] == 0
    assert ask(str(folder), "--size", "100", "--region", "100,200", "--out", "part.wav")[0] == 0
    rates = {name: wavfile.read(f"{name}.wav") for name in ("fine", "part")}
    assert {name: (rate, len(values)) for name, (rate, values) in rates.items()} == {"fine": (8000, 800), "part": (4000, 100)}  # fmt: skip
    np.testing.assert_allclose(rates["part"][1], fieldlab.Query(folder).render((400,))[100:200, 0], atol=1e-5)


def test_frames_move_at_any_rate(ask):
    frames = [Image.new("L", (8, 6), shade) for shade in (0, 90, 180, 255)]
    frames[0].save("film.gif", save_all=True, append_images=frames[1:], duration=200)
    fit = ("signal=frames", "signal.path=film.gif", "signal.channels=grey", "split=all", "steps=1", "task.scores=1", "field.network.width=8", "trainer=cpu", "logger=none")  # fmt: skip
    [result] = fieldlab.fit([fieldlab.compose(*fit)])
    folder = result.config["folder"]
    assert (result.grid, result.duration) == ([4, 6, 8], 0.8)
    assert ask(folder, "--size", "10x12x16", "--out", "fine.gif")[0] == 0
    with Image.open("fine.gif") as film:
        assert film.size == (16, 12)
        total = 0
        for page in range(film.n_frames):  # type: ignore[attr-defined]
            film.seek(page)
            total += film.info["duration"]
        assert total == 800
    code, _, error = ask(folder, "--size", "4x6x8", "--out", "film.wav")
    assert (code, error) == (2, "fieldlab: --out film.wav: is for the fit of a sound, signal=sound; take .npy\n")


def test_the_command_prints_and_renders(folder: str, ask):
    code, out, err = ask(
        folder, "--at", "1.2,20.5", "--at", "3,4", "--size", "48x64", "--compare", "--out", "big.png"
    )
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("1.2,20.5: ")
    assert len(lines[1].split()) == 4
    assert Image.open("big.png").size == (128, 48)
    assert ask(folder, "--size", "8x8", "--region", "0,0,8,8", "--out", "small.npy")[0] == 0
    assert np.load("small.npy").shape == (8, 8, 3)


@pytest.mark.slow
def test_derivatives_are_in_the_signals_units_per_side():
    """A ramp of 0 to 100 from top to bottom: 100 x 25 / 24 along the rows, its samples being cell centres."""
    np.save("ramp.npy", np.repeat(np.linspace(0, 100, 25)[:, None], 20, axis=1))
    settings = (
        "signal=array",
        "signal.path=ramp.npy",
        "split=all",
        "steps=400",
        "field=tanh",
        "trainer=cpu",
        "logger=none",
    )
    [result] = fieldlab.fit([fieldlab.compose(*settings, "task.scores=1")])
    query = fieldlab.Query(result.config["folder"])
    slope = query.render((5, 4), operator=gradient)
    assert slope.shape == (5, 4, 1, 2)
    assert slope[1:-1, 1:-1, 0, 0] == pytest.approx(100 * 25 / 24, rel=0.1)
    own = query.of_signal()
    assert own["gradient"][..., 0] == pytest.approx(100 * 25 / 24, rel=1e-4)
    assert np.abs(own["laplacian"]).max() < 0.1


@pytest.mark.parametrize("how", [[], ["axes"], ["hue", "--size", "30x20"]])
def test_derivatives_are_drawn(folder: str, ask, how: list[str]):
    code, out, error = ask(folder, "--derivatives", *how, "--out", "sheet.png")
    assert (code, out, error) == (0, "sheet.png\n", "")
    assert Image.open("sheet.png").width > Image.open("sheet.png").height


def test_hue_is_direction_and_brightness_magnitude():
    vectors = np.array([[[0.0, 1.0], [1.0, 0.0], [0.0, -0.5], [0.0, 0.0]]])
    colours = shade_vectors(vectors, 1.0)[0]
    assert colours[0].tolist() == [255, 0, 0]  # along the columns
    assert colours[1].tolist() == [128, 255, 0]  # along the rows, a quarter turn
    assert colours[2].tolist() == [0, 128, 128]
    assert colours[3].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--derivatives"], "--derivatives: needs --out FILE"),
        (["--derivatives", "--region", "0,0,8,8", "--out", "a.png"], "--derivatives: shows all of the picture"),
        (
            ["--derivatives", "--size", "8", "--out", "a.png"],
            "--derivatives: shows pictures, signals on a grid of two",
        ),
        ([], "nothing asked"),
        (["--size", "8x8"], "--size and --out belong together"),
        (["--out", "a.png", "--at", "1,2"], "--size and --out belong together"),
        (["--at", "1"], "positions: each needs 2 numbers"),
        (["--at", "one,2"], "--at: one,2 should be numbers joined by ','"),
        (["--size", "8", "--out", "a.png"], "--size: needs 2 positive numbers"),
        (["--size", "0x8", "--out", "a.png"], "--size: needs 2 positive numbers"),
        (["--size", "8x8", "--out", "a.xyz"], "--out a.xyz: cannot be written"),
        (["--size", "8x8", "--out", "no/such/folder.png"], "--out no/such/folder.png: cannot be written"),
        (["--size", "8x8", "--region", "5,5,2,9", "--out", "a.png"], "region: [5.0, 5.0, 2.0, 9.0] should be"),
    ],
)
def test_bad_questions_are_one_line(folder: str, ask, arguments: list[str], message: str):
    code, _, err = ask(folder, *arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert message in err


def test_no_fit_and_no_file(folder: str, ask, tmp_path: Path):
    assert ask("nowhere", "--at", "1,2")[2].startswith("fieldlab: nowhere: has no result.json")
    copy = shutil.copytree(folder, tmp_path / "copy")
    Path(copy, "weights.safetensors").unlink()
    with pytest.raises(InputError, match=r"has no weights\.safetensors"):
        fieldlab.Query(copy)


@pytest.mark.parametrize("shift", [(3, -5), (-27, 70), (0, 0)])
def test_a_rolled_fit_is_what_numpy_makes_of_its_picture(folder: str, shift: tuple[int, int]):
    query = fieldlab.Query(folder)
    there = query.rolled(shift).render((24, 32))
    np.testing.assert_allclose(there, np.roll(query.render((24, 32)), shift, (0, 1)), atol=2e-5)


def test_fractions_roll_too_and_everything_else_follows(folder: str):
    query = fieldlab.Query(folder)
    rolled = query.rolled((2.5, -1.25))
    places = [[7.5, 4.0], [12.0, 20.75]]
    before = [[5.0, 5.25], [9.5, 22.0]]
    torch.testing.assert_close(rolled.at(places), query.at(before), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(rolled.at(places, gradient), query.at(before, gradient), atol=1e-3, rtol=1e-3)
    assert rolled.rolled((-2.5, 1.25)).at(places).numpy() == pytest.approx(query.at(places).numpy(), abs=1e-5)


def test_a_smooth_sawtooth_is_off_at_the_seam_alone(folder: str):
    query = fieldlab.Query(folder)
    exact, smooth = (query.rolled((0, 16), wrap).render((24, 32)) for wrap in (None, SmoothSawtooth(delta=1e-4)))
    error = np.abs(exact - smooth).max((0, 2))
    assert error[[15, 16]].max() > 2 * error[[4, 5, 26, 27]].max()


def test_impossible_rolls(folder: str):
    with pytest.raises(InputError, match=r"shift: \[1\] should be 2 numbers, one for each axis"):
        fieldlab.Query(folder).rolled([1])
    query = fieldlab.Query(folder)
    query.alignment = "corners"
    with pytest.raises(InputError, match="first and the last sample would be at one place"):
        query.rolled((1, 1))


def test_a_shift_is_learned_back(folder: str):
    query = fieldlab.Query(folder)
    x = torch.rand(256, 2, generator=torch.Generator().manual_seed(0))
    target = query.rolled((2, -3)).field(x)
    moving = RolledField(query.field, torch.zeros(2), Floor())
    optimizer = torch.optim.Adam([moving.shift], lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        (moving(x) - target).square().mean().backward()
        optimizer.step()
    torch.testing.assert_close(moving.shift * torch.tensor([24, 32]), torch.tensor([2.0, -3.0]), atol=0.3, rtol=0)
