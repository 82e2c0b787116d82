"""`start`: a fit goes on from the weights of an earlier one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig
from safetensors.torch import load_file, save_file

import fieldlab
from fieldlab.config.fingerprint import hash_run
from fieldlab.errors import InputError

Small = Callable[..., DictConfig]
LONG = ("optimizer=adam", "split=all", "steps=60", "logger=none", "compile=false")


@pytest.fixture
def folder(small: Small) -> str:
    [result] = fieldlab.fit([small(*LONG)])
    return result.config["folder"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 5])
def test_it_begins_as_good_as_the_other_ended(small: Small, folder: str, seed: int):
    earlier = fieldlab.load(folder)
    [result] = fieldlab.fit(
        [small(*LONG, "steps=1", "optimizer.lr=0", f"start={folder}", f"seed={seed}", "study=on")]
    )
    weights = load_file(Path(result.config["folder"]) / "weights.safetensors")
    assert all((weights[name] == tensor).all() for name, tensor in earlier.state_dict().items())
    [more] = fieldlab.fit([small(*LONG, f"start={folder}", f"seed={seed}", "study=more")])
    assert more.scores["train_psnr"] > result.scores["train_psnr"]


@pytest.mark.slow
def test_features_that_were_drawn_come_along(small: Small):
    [first] = fieldlab.fit([small(*LONG, "field=gaussian")])
    start = f"start={first.config['folder']}"
    [result] = fieldlab.fit(
        [small(*LONG, "field=gaussian", "steps=1", "optimizer.lr=0", start, "seed=3", "study=on")]
    )
    assert result.scores["train_psnr"] == first.scores["train_psnr"]


@pytest.mark.slow
def test_the_content_of_the_weights_counts_and_not_their_place(small: Small, folder: str, tmp_path: Path):
    moved = Path(folder).rename(tmp_path / "moved")
    there, before = small(f"start={moved}"), hash_run(small(f"start={moved}"))
    moved = moved.rename(tmp_path / "again")
    assert hash_run(small(f"start={moved}")) == before != hash_run(small())
    weights = load_file(moved / "weights.safetensors")
    save_file({name: tensor + 1 for name, tensor in weights.items()}, moved / "weights.safetensors")
    assert hash_run(small(f"start={moved}")) != before
    assert there.start != str(moved)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (["start=nosuch"], "start: nosuch: has no config.yaml; is it the folder of a finished fit?"),
        (["field.network.width=16"], "this configuration makes it \\[1, 16\\]"),
        (["field.network.first_omega_0=31"], "omega_0 is not what this configuration makes it"),
    ],
)
def test_weights_of_another_field_are_refused(small: Small, folder: str, settings: list[str], line: str):
    with pytest.raises(InputError, match=f"start: .*{line}" if "nosuch" not in line else line):
        fieldlab.fit([small(*LONG, f"start={folder}", *settings, "study=other")])
    assert not Path("runs/other").exists()
