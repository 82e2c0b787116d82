"""The commands `fieldlab-layers` and `fieldlab-colors`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

import fieldlab
from conftest import CONF, Command
from fieldlab.cli import colors, layers

Script = Callable[[str, Callable[[], None]], Command]


def matrix(file: Path) -> torch.Tensor:
    return torch.tensor(yaml.safe_load(file.read_text())["matrix"])


@pytest.fixture
def list_layers(script: Script) -> Command:
    return script("fieldlab-layers", layers.main)


@pytest.fixture
def learn_colors(script: Script) -> Command:
    return script("fieldlab-colors", colors.main)


def test_layers_are_listed_in_their_order(list_layers: Command):
    own = ["model=checkpoint", "model.network={_target_: seen_networks.Small}", "model.size=[16,16]"]
    code, out, error = list_layers(*own)
    assert code == 0, error
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["Small,", "for", "images", "of", "3", "x", "16", "x", "16:"]
    assert [line[0] for line in lines[1:]] == [
        "layer1.0",
        "layer1.1",
        "layer1",
        "layer2.0",
        "layer2.1",
        "layer2",
        "logits",
    ]
    assert "6 x 16 x 16" in out.splitlines()[1]
    assert lines[-1][1:] == ["5", "Linear"]


def test_each_of_several_answers_has_a_line(list_layers: Command):
    code, out, error = list_layers(
        "model=checkpoint", "model.network={_target_: seen_networks.Residual}", "model.size=[16,16]"
    )
    assert code == 0, error
    assert [line.split() for line in out.splitlines()[-2:]] == [
        ["logits.out", "2", "x", "16", "x", "16", "the", "model's", "answer"],
        ["logits.aux", "4", "x", "16", "x", "16", "the", "model's", "answer"],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model=tixture"], "model=tixture: there is no such option; did you mean texture?"),
        (["model=checkpoint"], "model.network: needs a value"),
        (["model=checkpoint", "model.network={_target_: seen_networks.Small}", "model.channels=2"], "model: Small does not take images of 2 x 224 x 224"),
    ],
)  # fmt: skip
def test_layers_of_nothing_are_told(list_layers: Command, arguments: list[str], message: str):
    code, _, error = list_layers(*arguments)
    assert code == 2
    assert error.startswith(f"fieldlab: {message}"), error
    assert error.count("\n") == 1


def test_the_bundled_colours_are_what_the_command_learns(learn_colors: Command):
    code, out, error = learn_colors("--name", "bundled")
    assert code == 0, error
    assert "Learned from 8 coloured photos of 17" in out
    learned, shipped, published = (
        matrix(folder / "canvas/colors" / file)
        for folder, file in ((Path("conf"), "bundled.yaml"), (CONF, "bundled.yaml"), (CONF, "natural.yaml"))
    )
    torch.testing.assert_close(learned, shipped, atol=2e-6, rtol=0)
    assert (torch.cosine_similarity(learned, published, dim=0) > 0.95).all()
    assert fieldlab.compose("task=visualize", "canvas/colors=bundled").canvas.colors.name == "bundled"


def test_colours_of_a_folder_become_an_option(learn_colors: Command):
    Path("mine").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    pixels[..., 2] //= 4
    Image.fromarray(pixels).save("mine/a.png")
    Image.fromarray(pixels[..., 0]).save("mine/grey.png")
    code, out, error = learn_colors("mine", "--name", "dim_blue")
    assert code == 0, error
    assert "Learned from 1 coloured photos of 2" in out
    colours = fieldlab.compose("task=visualize", "canvas/colors=dim_blue").canvas.colors
    assert abs(colours.matrix[2][0]) < 0.2 * abs(colours.matrix[0][0])
    assert colours.mean[2] == pytest.approx(pixels[..., 2].mean() / 255, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["empty"], "photos.0: there are no pictures in empty"),
        (["none.png"], "photos.0: there is no file none.png"),
        (["skimage:camera.png"], "photos: all 1 are grey, and say nothing of colours"),
        (["skimage:coffee.png", "--name", "a b"], "--name a b: should be a word"),
        (["skimage:coffee.png", "--to", "file"], "--to file: cannot be written"),
    ],
)
def test_colours_of_nothing_are_told(learn_colors: Command, arguments: list[str], message: str):
    Path("empty").mkdir()
    Path("file").write_text("")
    code, _, error = learn_colors(*arguments)
    assert code == 2
    assert error.startswith(f"fieldlab: {message}"), error
