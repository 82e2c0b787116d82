"""Optimisers of matrices where fields are trained: packed, interrupted, diverged, in other tasks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig, OmegaConf

import fieldlab
from conftest import Said, rolling, seeing, slow
from fieldlab.config.compose import settle
from fieldlab.errors import InputError
from fieldlab.runs.check import Checks
from fieldlab.runs.result import Result
from fieldlab.tasks.fit.module import FitModule

Small = Callable[..., DictConfig]
RATES = ("3e-4", "1e-3", "3e-3")


def fit_members(small: Small, study: str, *overrides: str) -> list[DictConfig]:
    """Configurations of three members with seeds of their own."""
    return [small("logger=none", f"study={study}", f"seed={seed}", *overrides) for seed in range(3)]


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["muon", "soap"])
@pytest.mark.parametrize(
    "rates",
    [pytest.param(("1e-3",) * 3, id="one rate", marks=pytest.mark.slow), pytest.param(RATES, id="three rates")],
)
def test_packed_is_what_each_would_have_been_alone(small: Small, optimizer: str, rates: tuple[str, ...]):
    """In values, after 12 steps, which have left the fields as they began far behind."""
    common = ("steps=12", f"optimizer={optimizer}", "task.batch_size=100", "field.network.width=32")
    packed, alone = (fit_members(small, study, *common) for study in ("packed", "alone"))
    for config, rate in zip([*packed, *alone], [*rates, *rates], strict=True):
        config.optimizer.lr = float(rate)
    fieldlab.fit(packed)
    x = torch.rand(200, 2)
    for one, other in zip(packed, alone, strict=True):
        fieldlab.fit([other])
        values, expected = (fieldlab.load(config.folder)(x) for config in (one, other))
        torch.testing.assert_close(values, expected, atol=2e-4, rtol=0)
    results = [json.loads((Path(c.folder) / "result.json").read_text()) for c in (*packed, *alone)]
    assert [result["members"] for result in results] == [3] * 3 + [1] * 3


def test_members_differ_in_the_rate_of_matrices_alone(small: Small):
    """A sweep of the field's own rate, which is Adam's share of the work here, is computed one by one."""
    checks = Checks()

    def key(*overrides: str) -> str:
        return checks.check(settle(small("optimizer=muon", *overrides))).stack_key

    assert key("optimizer.lr=1e-3") == key("optimizer.lr=1e-2")
    assert key("field.learning_rate=1e-3") != key("field.learning_rate=1e-2")


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["soap", *slow("muon")])
def test_an_interrupted_fit_comes_to_the_same_weights(small: Small, optimizer: str, monkeypatch: pytest.MonkeyPatch):
    long = ("steps=75", "checkpoint_minutes=0", "field.network.width=16", "task.batch_size=100")
    whole, broken = (small(*long, "logger=none", f"optimizer={optimizer}", f"study={s}") for s in ("whole", "broken"))
    fieldlab.fit([whole])
    step = FitModule.training_step

    def third(self: FitModule, chunk: Any, number: int) -> None:
        if number == 2:
            raise KeyboardInterrupt
        step(self, chunk, number)

    with monkeypatch.context() as patch:
        patch.setattr(FitModule, "training_step", third)
        with pytest.raises(KeyboardInterrupt):
            fieldlab.fit([broken])
    fieldlab.fit([broken])
    states = [fieldlab.load(config.folder).state_dict() for config in (whole, broken)]
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "rates", "optimizers"),
    [
        (
            "siren",
            ("1e-3", "3e-3", "5e-3"),
            {1: ("optimizer=muon", "optimizer.lr=1e-2", "field.learning_rate=3e-3")},
        ),
        ("siren", ("${field.learning_rate}",), {5: ("optimizer=soap", "optimizer.lr=3e-3")}),
        (
            "gaussian",
            ("5e-3", "1e-2", "2e-2"),
            {8: ("optimizer=muon", "optimizer.lr=1e-1"), 5: ("optimizer=soap", "optimizer.lr=2e-2")},
        ),
    ],
)
def test_loss_descends_further_than_by_adam(
    small: Small, field: str, rates: tuple[str, ...], optimizers: dict[float, tuple[str, ...]]
):
    """In 100 steps from the same weights, by so many dB than at the best of these rates of Adam."""
    width = "32" if field == "siren" else "64"
    common = (
        "logger=none", "steps=100", f"field={field}", f"field.network.width={width}", "signal.size=64", "split=all",
    )  # fmt: skip
    adam = [small(*common, "optimizer=adam", f"optimizer.lr={rate}") for rate in rates]
    best = max(score(result) for config in adam for result in fieldlab.fit([config]))
    for margin, own in optimizers.items():
        [result] = fieldlab.fit([small(*common, *own)])
        assert score(result) > best + margin


def score(result: Result) -> float:
    return float(result.scores["train_psnr"] or 0)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["muon", "soap"])
def test_a_member_that_diverges_leaves_the_others_alone(small: Small, optimizer: str):
    settings = ("field=relu", "field.network.width=16", "field.output={_target_:torch.nn.Identity}", "steps=50")
    configs = fit_members(small, "diverging", f"optimizer={optimizer}", *settings, "optimizer.lr=1e-3")
    configs[1].optimizer.lr = 1e30
    results = fieldlab.fit(configs)
    assert [result.status for result in results] == ["finished", "diverged", "finished"]


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["muon", *slow("soap")])
def test_other_tasks_descend(optimizer: str, said: Said):
    [rolled] = fieldlab.fit([rolling(f"optimizer={optimizer}", "steps=5")])
    assert rolled.status == "finished"
    assert sum("Adam fits all" in line for line in said()) == 1
    canvas = ("canvas=field", "field.network.width=16", "steps=5")
    [painted] = fieldlab.fit([seeing(f"optimizer={optimizer}", *canvas)])
    assert painted.status == "finished"
    assert sum("Adam fits all" in line for line in said()) == 1


def test_a_bad_setting_is_told_in_a_line(small: Small):
    config = OmegaConf.merge(small("logger=none", "optimizer=muon"), {"optimizer": {"momentum": 1.0}})
    with pytest.raises(InputError, match="momentum must be at least 0 and below 1"):
        fieldlab.fit([config])
    assert not Path("runs").exists()
