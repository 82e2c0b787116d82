"""Names and hashes of fits: equal where the result is, different where it may differ."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from omegaconf import DictConfig
from PIL import Image

import fieldlab

Compose = Callable[..., DictConfig]


def test_folder_says_study_field_signal_and_seed(small: Compose):
    assert Path(small("field=gaussian", "signal=coins", "seed=7", "study=mine").folder).match(
        "runs/mine/gaussian-coins-s7-????????"
    )


def test_an_exchanged_part_shows_in_the_name(small: Compose):
    assert small("field=gaussian", "field/network=siren").field.name == "gaussian+siren"
    assert small("field=siren", "field/encoding=positional").field.name == "positional+siren"
    assert small("field=gaussian", "field/network=relu").field.name == "gaussian"


@pytest.mark.quick(8)
@pytest.mark.parametrize(
    "override",
    [
        "study=other",
        "compile=true",
        "resume=false",
        "trainer.devices=2",
        "notes=hm",
        "logger=none",
        "question=why",
        "checkpoint_minutes=1",
        "figure=fieldlab.studies.knobs.save_figure",
        "folder=x/${fit_name:}",
        "signal.name=other",
        "+trainer.detect_anomaly=true",
        "+field.lion_rate=1",
    ],
)
def test_what_does_not_change_the_result_does_not_change_the_hash(small: Compose, override: str):
    assert small(override).folder.rpartition("-")[2] == small().folder.rpartition("-")[2]


@pytest.mark.quick(8)
@pytest.mark.parametrize(
    "override",
    ["seed=1", "steps=3", "field=relu", "field.network.width=9", "++field.muon_rate=0.2", "field.learning_rate=5",
     "signal.size=31", "signal.alignment=left", "split=all",
     "task.batch_size=9", "optimizer.lr=1", "schedule=constant", "trainer.precision=bf16-mixed", "trainer._target_=torch.nn.Identity"],
)  # fmt: skip
def test_what_may_change_the_result_changes_the_hash(small: Compose, override: str):
    assert small(override).folder.rpartition("-")[2] != small().folder.rpartition("-")[2]


def test_a_result_of_0_1_0_is_that_of_another_fit(small: Compose):
    assert small().folder.rpartition("-")[2] != "4506d6bb"  # what 0.1.0 called it


def test_every_change_of_results_is_another_fit(small: Compose, monkeypatch: pytest.MonkeyPatch):
    before = small().folder
    monkeypatch.setattr(fieldlab.config.fingerprint, "RESULTS", fieldlab.config.fingerprint.RESULTS + 1)
    assert small().folder != before


def test_whatever_a_user_composes_is_covered(small: Compose):
    assert small("+field.network.mine=1").folder != small("+field.network.mine=2").folder
    assert small("+supervise.constraints.mine={region: all}").folder != small().folder


def test_a_number_is_the_same_number_however_it_is_written(small: Compose):
    spellings = ("field.encoding.sigma=5", "field.encoding.sigma=5.0", "field.encoding.sigma=0.5e1")
    assert len({small("field=gaussian", spelling).folder for spelling in spellings}) == 1


def test_the_hash_is_over_a_files_content_not_its_path(small: Compose):
    def name(path: str) -> str:
        return Path(small("signal=image", f"signal.path={path}").folder).name

    for folder in ("a", "b"):
        Path(folder).mkdir()
        Image.fromarray(np.zeros((40, 40), np.uint8)).save(f"{folder}/photo.png")
    assert name("a/photo.png") == name("b/photo.png")
    before = name("a/photo.png")
    Image.fromarray(np.ones((40, 40), np.uint8)).save("a/photo.png")
    assert name("a/photo.png") != before
    assert before.startswith("siren-photo-s0-")


def test_the_hash_is_over_the_source_of_a_users_own_encoding(clean_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(clean_folder)
    file = clean_folder / "my_own_part.py"

    def name() -> str:
        return fieldlab.compose("field.encoding._target_=my_own_part.Encoding").folder

    file.write_text("a = 1")
    before = name()
    file.write_text("a = 2")
    assert name() != before
