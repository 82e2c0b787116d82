"""The grid sweeper: several grids, what the command line makes of them, and folders of pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import SMALL, Command
from fieldlab.sweeps.grid import narrow, to_text

GRIDS = [{"field": ["a", "b"], "seed": ["0", "1"]}, {"field": ["c"], "sigma": ["14"]}]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, GRIDS),
        ({"steps": ["5"]}, [{**grid, "steps": ["5"]} for grid in GRIDS]),  # a new key goes to all
        ({"field": ["c"]}, [GRIDS[1]]),  # what one grid offers, only that grid takes
        ({"field": ["a", "c"]}, [{**GRIDS[0], "field": ["a"]}, GRIDS[1]]),
        ({"seed": ["1", "7"]}, [{**grid, "seed": ["1", "7"]} for grid in GRIDS]),  # nobody offers 7: it is new
        ({"sigma": ["3"]}, [{**grid, "sigma": ["3"]} for grid in GRIDS]),  # it holds for every fit
        ({"field": ["d"]}, [{**GRIDS[0], "field": ["d"]}, {**GRIDS[1], "field": ["d"]}]),
    ],
)
def test_the_command_line_narrows_the_grids(given: dict, expected: list):
    assert narrow(GRIDS, given) == expected


def planned(study: str) -> list[str]:
    return [
        fit["folder"].rpartition("-s")[0] for fit in json.loads(Path(f"runs/{study}/plan.json").read_text())["fits"]
    ]


def pictures(folder: str, *names: str) -> None:
    Path(folder).mkdir()
    for i, name in enumerate(names):
        Image.fromarray(np.full((8, 8, 3), 40 * i, np.uint8)).save(f"{folder}/{name}", format="PNG")


@pytest.mark.slow
def test_a_folder_is_every_picture_in_it(command: Command):
    pictures("my, photos", "b.png", "it's.png", "a=1.PNG")
    Path("my, photos/notes.txt").write_text("no picture")
    Path("my, photos/deeper.png").mkdir()
    small = [part for part in SMALL if not part.startswith("signal.size")]
    code, out, _ = command("-m", *small, "logger=none", "signal=image", "signal.path='my, photos'", "study=all")
    assert code == 0
    assert planned("all") == ["siren-a-1", "siren-b", "siren-it-s"]
    assert "| all 3" in out


def test_numbers_are_the_same_however_they_are_written():
    grids = [{"lr": ["lr=1e-3"]}, {"lr": ["lr=2e-3"]}]
    assert narrow(grids, {"lr": ["lr=0.001"]}) == [{"lr": ["lr=0.001"]}]


def test_values_of_a_yaml_file_are_written_as_on_the_command_line():
    assert [to_text(value) for value in (None, 1e-3, "a,b", [1, 2])] == ["null", "0.001", "a,b", "[1, 2]"]


@pytest.mark.slow
def test_several_folders_and_arrays(command: Command):
    pictures("one", "a.png")
    pictures("two", "b.png")
    Path("sounds").mkdir()
    np.save("sounds/c.npy", np.sin(np.arange(60)))
    small = [part for part in SMALL if not part.startswith("signal.size")]
    code, _, err = command("-m", *small, "logger=none", "signal=image", "signal.path=one,two", "study=both")
    assert code == 0, err
    assert planned("both") == ["siren-a", "siren-b"]
    assert command("-m", *small, "logger=none", "signal=array", "signal.path=sounds", "split=all", "study=s")[0] == 0
    assert planned("s") == ["siren-c"]


def test_two_files_of_one_name_are_bad_input(command: Command):
    pictures("photos", "a.png", "a.jpg")
    code, _, error = command("-m", "signal=image", "signal.path=photos")
    assert (code, error) == (2, "fieldlab: signal.path: photos/a.jpg and a.png would both be called a; rename one\n")


def test_a_folder_without_pictures_is_bad_input(command: Command):
    Path("empty").mkdir()
    code, _, error = command("-m", "signal=image", "signal.path=empty")
    assert (code, error) == (2, "fieldlab: signal.path: there are no pictures, .npy arrays or .wav sounds in empty\n")
    assert not Path("runs").exists()


@pytest.mark.slow
def test_the_published_protocol_couples_scales_and_fields(command: Command):
    pictures("photos", "page.png")
    quick = [
        "signal.path=photos",
        "signal.size=8",
        "steps=1",
        "task.scores=1",
        "compile=false",
        "logger=none",
        "trainer=cpu",
    ]
    assert command("experiment=fourier_features_text", *quick)[0] == 0
    fits = [
        json.loads(file.read_text())["config"] for file in Path("runs/fourier_features_text").glob("*/result.json")
    ]
    encodings = {fit["field"]["name"]: fit["field"]["encoding"] for fit in fits}
    assert sorted(encodings) == ["fourier_basic", "fourier_gaussian", "fourier_none", "fourier_positional"]
    assert encodings["fourier_gaussian"]["sigma"] == 14
    assert encodings["fourier_positional"]["scale"] == 5
    for fit in fits:
        assert fit["optimizer"]["lr"] == 1e-3
        assert fit["supervise"]["constraints"]["value"]["weight"] == 0.5
        assert fit["signal"]["alignment"] == "left"
        assert fit["task"]["batch_size"] is None
