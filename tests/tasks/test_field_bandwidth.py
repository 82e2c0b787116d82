"""`auto`: bandwidths that are found by the kernel's prediction."""

import json
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

import fieldlab
from conftest import SMALL, Command, Said
from fieldlab.config.compose import settle
from fieldlab.tasks.field_bandwidth import choose

SIGMA = ("field=gaussian", "field.encoding.rows=64", "field.encoding.sigma=auto")
WAVE = "signal=formula", "signal.size=[64,64]", "field.network.width=32"


def chosen(*overrides: str) -> float:
    """What stands in place of the one setting that says auto."""
    config = settle(fieldlab.compose(*overrides))
    [key] = [override.partition("=")[0] for override in overrides if override.endswith("=auto")]
    return OmegaConf.select(OmegaConf.create(dict(choose(config))), key)


def wave(periods: float) -> tuple[str, ...]:
    return (*WAVE, f"signal.formula='(1+cos({2 * periods}*pi*x0))/2'")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("gaussian", "field.encoding.sigma"),
        ("positional", "field.encoding.num_octaves"),
    ],
)
def test_finer_signals_get_higher_bandwidths(field: str, key: str):
    coarse, fine = (chosen(*wave(periods), f"field={field}", f"{key}=auto") for periods in (1, 13))
    assert fine > coarse
    assert isinstance(fine, int if field == "positional" else float)


OMEGA = ("field=siren", "field.network.first_omega_0=auto", "split=checkerboard", "signal=formula")


@pytest.mark.slow
def test_a_siren_keeps_what_is_published_unless_a_short_fit_is_clearly_better():
    slow_wave, fast_wave = (
        chosen(*OMEGA, "signal.size=[2048]", f"signal.formula='(1+sin({2 * periods}*pi*x0))/2'")
        for periods in (3, 300)
    )
    assert slow_wave <= 30.0
    assert fast_wave > 30.0
    assert chosen("signal.size=256", "signal=camera", "field=siren", "field.network.first_omega_0=auto") == 30.0


def test_short_fits_are_of_all_values_at_once_and_see_no_test_samples(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def train(ensemble, x, y, generator):
        asked.append((ensemble.members, len(x)))

    monkeypatch.setattr("fieldlab.tasks.field_trials.train", train)
    assert chosen(*OMEGA, "signal.size=[256]", "signal.formula='(1+sin(20*pi*x0))/2'") == 30.0  # nothing was learned
    assert asked == [(6, 128)]  # 7.5 to 240: half as many periods as there are training samples


def test_test_samples_are_not_looked_at(clean_folder: Path):
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, 48)
    picture = 0.5 + 0.4 * np.outer(np.sin(50 * x), np.cos(40 * x)) + 0.02 * rng.standard_normal((48, 48))
    found = []
    for name in ("one", "other"):
        np.save(f"{name}.npy", picture)
        given = ("signal=array", f"signal.path={name}.npy", "signal.span=[0,1]", "field.network.width=32")
        found.append(chosen(*given, *SIGMA))
        picture[1::2, 1::2] = rng.random((24, 24))
    assert found[0] == found[1]
    picture[::2, 1::2] = picture[1::2, ::2] = rng.random((24, 24))  # what validates
    np.save("third.npy", picture)
    assert (
        chosen("signal=array", "signal.path=third.npy", "signal.span=[0,1]", "field.network.width=32", *SIGMA)
        != found[0]
    )


def test_the_number_stands_beside_the_word(command: Command, said: Said):
    code, _, error = command(*SMALL, *SIGMA, "logger=none", "compile=false")
    assert code == 0, error
    [folder] = Path("runs/fit").glob("*/")
    result = json.loads((folder / "result.json").read_text())
    sigma = result["decided"]["field.encoding.sigma"]
    assert result["config"]["field"]["encoding"]["sigma"] == "auto"
    assert OmegaConf.load(folder / "config.yaml").field.encoding.sigma == sigma
    assert fieldlab.load(folder).encoding.frequencies.std() == pytest.approx(sigma, rel=0.2)
    assert said() == [f"field.encoding.sigma: auto is {sigma:g} for gaussian and camera"]
    table = fieldlab.table("runs/fit")
    assert table["field.encoding.sigma (decided)"].tolist() == [sigma]


@pytest.mark.slow
def test_words_and_numbers_are_swept_together(command: Command):
    code, out, error = command(
        "-m",
        *SMALL,
        "field=gaussian",
        "field.encoding.sigma=2,auto",
        "seed=0,1",
        "logger=none",
        "compile=false",
        "study=mine",
    )
    assert code == 0, error
    assert "auto" in out
    assert len(list(Path("runs/mine").glob("*/result.json"))) == 4


@pytest.mark.slow
def test_it_works_where_nothing_validates_and_with_a_budget():
    assert chosen(*wave(3), *SIGMA, "split=all") > 0
    given = [override for override in (*wave(3), *SIGMA) if "width" not in override]
    decided = choose(settle(fieldlab.compose(*given, "budget=20000")))["field"]
    assert decided["encoding"]["sigma"] > 0
    assert decided["network"]["width"] == "auto"  # that is the budget's part


ENCODING = '''
import torch
from torch import nn

from fieldlab.config.open import Bandwidth


class Waves(nn.Module):
    """x -> sin(pitch B x)."""

    def __init__(self, dim: int, *, pitch: Bandwidth) -> None:
        super().__init__()
        self.features = 64
        self.register_buffer("b", pitch * torch.randn(dim, 64, generator=torch.Generator().manual_seed(0)))

    def forward(self, x):
        return torch.sin(x @ self.b)
'''


@pytest.mark.slow
def test_an_encoding_of_ones_own_says_what_its_bandwidth_is(clean_folder: Path):
    Path("mywaves.py").write_text(ENCODING)
    Path("conf/field/encoding").mkdir(parents=True)
    Path("conf/field/encoding/mywaves.yaml").write_text("_target_: mywaves.Waves\npitch: auto\n")
    config = settle(fieldlab.compose(*wave(3), "field=relu", "field/encoding=mywaves"))
    assert choose(config)["field"]["encoding"]["pitch"] > 0


def test_auto_may_be_a_word_of_a_part_itself(clean_folder: Path):
    text = ENCODING.replace("pitch: Bandwidth", "pitch: Bandwidth, mode: str")
    Path("mywaves.py").write_text(text)
    Path("conf/field/encoding").mkdir(parents=True)
    Path("conf/field/encoding/mywaves.yaml").write_text("_target_: mywaves.Waves\npitch: 3.0\nmode: auto\n")
    config = settle(fieldlab.compose(*wave(3), "field=relu", "field/encoding=mywaves"))
    assert choose(config) is config


def test_rates_and_names_ask_no_new_question(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr("fieldlab.tasks.field_bandwidth.measure_error", lambda *_: asked.append(1) or 1 / len(asked))
    periods = wave(3.7)
    first = chosen(*periods, *SIGMA)
    count = len(asked)
    assert chosen(*periods, *SIGMA, "field.learning_rate=1e-5", "field.name=mine", "seed=7") == first
    assert count == len(asked) > 0


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("field.network.width=auto",), "field.network.width: cannot be auto"),
        (
            (*SIGMA, "signal=formula", "signal.formula='0*x0+0.5'"),
            "field.encoding.sigma: auto sees nothing in formula",
        ),
        (
            (*SIGMA, "start=runs/other"),
            "field.encoding.sigma: auto would be another number than that of the field in start=runs/other",
        ),
        (
            (*SIGMA, "field/network=wire"),
            "field: auto asks the kernel of a network whose parameters are those of linear layers",
        ),
        (
            (*SIGMA, "field/network=siren", "field.network.first_omega_0=auto"),
            "field.network.first_omega_0: field.encoding.sigma is auto too",
        ),
        (
            (*SIGMA, "supervise=gradient", "split=all"),
            "field.encoding.sigma: auto is judged by values, which supervise=gradient does not know",
        ),
        (
            ("task=surface", "signal=torus_knot", "field.network.first_omega_0=auto"),
            "field.network.first_omega_0: auto is judged by values",
        ),
    ],
)
def test_what_cannot_be_found_is_told(overrides: tuple[str, ...], message: str, command: Command):
    code, _, error = command("steps=2", "trainer=cpu", "logger=none", *overrides)
    assert code == 2
    assert error.startswith(f"fieldlab: {message}")
    assert error.count("\n") == 1
