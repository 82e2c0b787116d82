"""Whether a training is compiled: by counts, and by what was measured once."""

import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

import fieldlab
from conftest import make_module
from fieldlab.training import compiling, field_module
from fieldlab.training.compiling import Rates, look_up_rates, pays
from fieldlab.training.field_module import FieldModule

CPU = torch.device("cpu")
RATES = Rates(eager=2e-11, compiled=1e-11, compiling=10.0)  # pays from 2e12 operations on


@pytest.fixture(autouse=True)
def no_rates_yet(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up_rates.cache_clear()
    monkeypatch.setattr(compiling, "user_cache_dir", lambda _: str(clean_folder / "cache"))


def make(*overrides: str) -> FieldModule:
    return make_module(fieldlab.compose("signal.size=32", "trainer=cpu", "logger=none", "steps=2", *overrides))


@pytest.mark.parametrize("batch_size", ["null", "300"])
def test_operations_are_those_of_the_matrix_products(monkeypatch: pytest.MonkeyPatch, batch_size: str):
    monkeypatch.setattr(field_module, "MOST_COPIES", float("inf"))
    size = ("field.network.width=16", "field.network.depth=3", f"task.batch_size={batch_size}")
    module = make("field=siren", "split=all", *size)
    first, rest = 2 * 2 * 16, 2 * (2 * 16 * 16 + 16)
    points = 1024 if batch_size == "null" else 300
    assert module.count_flops() == points * (2 * first + 3 * rest)  # there is no gradient with respect to coordinates
    assert make("field=siren", "split=all", *size, "supervise=laplacian").count_flops() > 4 * module.count_flops()


def test_counting_leaves_no_trace(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(field_module, "MOST_COPIES", float("inf"))
    module = make("task.batch_size=100")
    before = module.samples.generators[0].get_state()
    module.count_flops()
    assert torch.equal(module.samples.generators[0].get_state(), before)
    assert all(parameter.grad is None for parameter in module.ensemble.parameters())


def test_of_short_fits_nothing_is_counted_or_measured(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(field_module, "Operations", Mock(side_effect=AssertionError))
    monkeypatch.setattr(compiling, "measure_rates", Mock(side_effect=AssertionError))
    module = make("compile=auto")
    assert 0 < module.count_flops() < 1e12
    assert not module.must_compile()


def test_long_fits_are_compiled_where_that_saves_more_than_it_takes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiling, "measure_rates", lambda _: RATES)
    assert not pays(4.9e12, CPU)  # too short to be thought of
    assert pays(5.1e12, CPU)
    look_up_rates.cache_clear()
    Path("cache/rates.json").unlink()
    monkeypatch.setattr(compiling, "measure_rates", lambda _: Rates(eager=1e-11, compiled=1e-11, compiling=10.0))
    assert not pays(1e20, CPU)


def test_rates_are_measured_once_for_a_machine(monkeypatch: pytest.MonkeyPatch):
    measure = Mock(return_value=RATES)
    monkeypatch.setattr(compiling, "measure_rates", measure)
    for _ in range(2):
        look_up_rates.cache_clear()
        assert look_up_rates(CPU) == RATES
    assert measure.call_count == 1
    [name] = json.loads(Path("cache/rates.json").read_text())
    assert torch.__version__ in name


def test_rates_of_several_machines_lie_side_by_side(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiling, "measure_rates", lambda _: RATES)
    for machine in ("one", "other"):
        look_up_rates.cache_clear()
        monkeypatch.setattr(compiling, "device_name", lambda _, machine=machine: machine)
        look_up_rates(CPU)
    assert len(json.loads(Path("cache/rates.json").read_text())) == 2


def test_operations_are_counted_where_regions_cannot_be_cut_alike(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(field_module, "MOST_COPIES", float("inf"))
    regions = (
        "signal=formula",
        "signal.size=[32,32]",
        "supervise=helmholtz",
        "split=all",
        "field=tanh",
        "field.network.width=16",
    )
    module = make(*regions)
    monkeypatch.setattr(field_module, "COUNTED", 10**9)
    whole = module.count_flops()
    monkeypatch.setattr(field_module, "COUNTED", 99)
    assert module.count_flops() == pytest.approx(whole, rel=0.05)


def test_a_damaged_file_of_rates_is_measured_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiling, "measure_rates", lambda _: RATES)
    Path("cache").mkdir()
    Path("cache/rates.json").write_text("{")
    assert look_up_rates(CPU) == RATES


def test_what_goes_on_keeps_to_what_was_decided(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiling, "measure_rates", Mock(side_effect=AssertionError))
    for compiled in (True, False):
        module = make("compile=auto")
        module.earlier = {"compiled": compiled}
        assert module.must_compile() == compiled


def test_a_result_says_whether_it_was_compiled():
    [result] = fieldlab.fit([fieldlab.compose("signal.size=16", "steps=2", "trainer=cpu", "logger=none")])
    assert result.config["compile"] == "auto"
    assert result.compiled is False


MEASURED = """
import torch
from fieldlab.training.compiling import measure_rates
rates = measure_rates(torch.device("cpu"))
assert 1e-13 < rates.compiled < 1e-7
assert 1e-13 < rates.eager < 1e-7
assert rates.compiling > 0
"""


@pytest.mark.slow
def test_rates_are_measured(clean_folder: Path):
    """In a process of its own: shapes are not checked inside a compiled graph."""
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
