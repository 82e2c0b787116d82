"""Saved fields come back to the bit, and a wrong folder is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig, OmegaConf

import fieldlab
from conftest import build_member
from fieldlab.errors import InputError
from fieldlab.sweeps.packs import fit


@pytest.fixture
def folder(small: Callable[..., DictConfig]) -> Path:
    config = small("field=gaussian")
    fit([config])
    return Path(config.folder)


def test_a_loaded_field_is_ready_to_call_at_any_point(folder: Path):
    field = fieldlab.load(folder)
    y = field(torch.rand(7, 2))
    assert y.shape == (7, 1)
    assert not y.requires_grad


def test_buffers_come_back_too(folder: Path, small: Callable[..., DictConfig]):
    drawn = build_member(small("field=gaussian")).field
    assert torch.equal(fieldlab.load(folder).encoding.frequencies, drawn.encoding.frequencies)


def test_weights_that_do_not_match_their_configuration(folder: Path):
    config = OmegaConf.load(folder / "config.yaml")
    config.field.network.width = 128
    OmegaConf.save(config, folder / "config.yaml")
    with pytest.raises(InputError, match=r"network\.hidden\.0\.bias is \[64\], but config\.yaml makes it \[128\]"):
        fieldlab.load(folder)


def test_damaged_weights(folder: Path):
    (folder / "weights.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"weights\.safetensors: is damaged"):
        fieldlab.load(folder)


def test_no_fit(folder: Path):
    with pytest.raises(InputError, match=r"has no config\.yaml; is it the folder of a finished fit\?"):
        fieldlab.load(folder.parent)


def test_a_changed_omega_is_a_mismatch(small: Callable[..., DictConfig]):
    config = small("field=siren")
    fit([config])
    file = Path(config.folder) / "config.yaml"
    file.write_text(file.read_text().replace("first_omega_0: 30.0", "first_omega_0: 60.0"))
    with pytest.raises(InputError, match=r"network\.sines\.0\.omega_0 is not what config\.yaml makes it"):
        fieldlab.load(file.parent)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "steps: 3\n", "a: [unclosed"])
def test_damaged_configuration(folder: Path, text: str):
    (folder / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=r"config\.yaml: (is damaged|has no field in it)"):
        fieldlab.load(folder)
