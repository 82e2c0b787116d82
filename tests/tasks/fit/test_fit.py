"""Fitting: it reaches what it should, twice the same, and packed as alone."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

import fieldlab
from conftest import assemble, build_member, options, slow
from fieldlab.errors import InputError
from fieldlab.field import Ensemble
from fieldlab.metrics import ssim
from fieldlab.runs.result import Result
from fieldlab.sweeps.packs import fit
from fieldlab.training.optimisation import clip_by_member

Compose = Callable[..., DictConfig]


def fit_one(config: DictConfig) -> Result:
    (result,) = fit([config])
    return result


@pytest.mark.slow
def test_a_siren_memorises_a_small_photo(small: Compose):
    result = fit_one(small("signal.size=64", "field.network.width=256", "split=all", "steps=200"))
    assert result.status == "finished"
    assert result.scores["train_psnr"] > 38  # 41.6 dB when this was written; Gaussian features reach less
    assert result.scores["train_psnr"] == result.scores["test_psnr"] == result.scores["full_psnr"]
    assert result.scores["validation_psnr"] is None
    assert result.scores["full_ssim"] > 0.97


def test_the_scores_are_those_of_the_saved_field(small: Compose):
    config = small("steps=30", "field=gaussian")
    result = fit_one(config)
    prepared = build_member(config)
    with torch.no_grad():
        y = fieldlab.load(config.folder)(prepared.signal.coordinates()).clamp(0, 1)
    squares = (y - prepared.signal.values.flatten(0, -2)).square().mean(-1)
    for part in ("train", "validation", "test"):
        expected = -10 * math.log10(squares[getattr(prepared.split, part)].mean())
        assert result.scores[f"{part}_psnr"] == pytest.approx(expected, abs=1e-3)
    assert result.scores["full_psnr"] == pytest.approx(-10 * math.log10(squares.mean()), abs=1e-3)


@pytest.mark.quick(1)
@pytest.mark.parametrize("batch", ["null", "100"])
def test_same_configuration_same_weights_to_the_bit(small: Compose, batch: str):
    folders = []
    for name in ("one", "two"):
        config = small("steps=60", f"task.batch_size={batch}", f"folder={name}")
        assert fit_one(config).status == "finished"
        folders.append(Path(name))
    one, two = (fieldlab.load(folder).state_dict() for folder in folders)
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("optimizer", ["adam", *slow("adamw", "sgd")])
def test_packed_equals_alone(small: Compose, optimizer: str):
    variants = [
        ("seed=1", "field.network.first_omega_0=30"),
        ("seed=2", "field.network.first_omega_0=20"),
        ("seed=3", "signal=coins"),
    ]
    rate = f"optimizer.lr={1e-2 if optimizer == 'sgd' else 1e-4}"  # gentle: a fast SIREN multiplies rounding errors
    common = (
        f"optimizer={optimizer}",
        rate,
        "signal.size=32",
        "task.batch_size=64",
        "steps=40",
        "task.clip_norm=1.0",
    )
    alone = [fit_one(small(*common, *variant, "study=alone")) for variant in variants]
    packed = fit([small(*common, *variant, "study=packed") for variant in variants])
    for one, member in zip(alone, packed, strict=True):
        assert member.status == "finished"
        for score in ("train_psnr", "full_psnr"):
            assert member.scores[score] == pytest.approx(one.scores[score], abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "schedule"),
    [("adamw", "cosine"), *slow(("adam", "cosine"), ("adamw", "constant"), ("sgd", "cosine"))],
)
def test_members_have_learning_rates_of_their_own(small: Compose, optimizer: str, schedule: str):
    rates = (2e-3, 1e-3, 3e-5) if optimizer == "sgd" else (2e-4, 1e-4, 1e-6)
    floor = ("schedule.eta_min=5e-6",) if schedule == "cosine" else ()  # no longer in proportion to the rate
    decay = ("optimizer.weight_decay=0.1",)
    common = (f"optimizer={optimizer}", f"schedule={schedule}", *floor, *decay, "signal.size=32", "steps=40")
    variants = [(f"optimizer.lr={rate}", f"seed={seed}") for seed, rate in enumerate(rates)]
    alone = [fit_one(small(*common, *variant, "study=alone")) for variant in variants]
    packed = fit([small(*common, *variant, "study=packed") for variant in variants])
    assert [member.config["optimizer"]["lr"] for member in packed] == list(rates)
    for one, member in zip(alone, packed, strict=True):
        for score in ("train_psnr", "full_psnr"):
            assert member.scores[score] == pytest.approx(one.scores[score], abs=0.02)
    assert len({round(one.scores["train_psnr"], 2) for one in alone}) == 3


@pytest.mark.slow
def test_what_does_not_stack_is_refused(small: Compose):
    for other in ("field.network.width=128", "steps=3", "optimizer.adam_eps=1e-6"):
        with pytest.raises(ValueError, match="do not stack"):
            fit([small(), small(other, "folder=other")])
    lbfgs = ("optimizer=lbfgs", "schedule=constant")
    with pytest.raises(ValueError, match="do not stack"):
        fit([small(*lbfgs), small(*lbfgs, "seed=1")])


@pytest.mark.quick(2)
@pytest.mark.parametrize("optimizer", options("optimizer"))
@pytest.mark.parametrize("schedule", ["constant", *slow("cosine")])
def test_every_optimizer_descends(small: Compose, optimizer: str, schedule: str):
    config = small("split=all", f"optimizer={optimizer}", f"schedule={schedule}", "steps=15", "task.scores=15")
    result = fit_one(config)
    assert result.scores["train_psnr"] > result.curve[0]["train_psnr"] + 0.5


def test_schedules_end_where_they_say(small: Compose):
    rates = {}
    for name, overrides in {
        "constant": (),
        "cosine": (),
        "exponential": ("schedule.gamma=0.9",),
        "milestones": ("schedule.milestones=[2,4]",),
    }.items():
        task, trainer = assemble(
            [build_member(small(f"schedule={name}", "steps=10", "optimizer.lr=1e-3", *overrides))]
        )
        trainer.run()
        rates[name] = task.optimizer.param_groups[0]["lr"]
    expected = {"constant": 1e-3, "cosine": 0.0, "exponential": 1e-3 * 0.9**10, "milestones": 1e-5}
    assert rates == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
def test_bf16_costs_little_and_is_really_used(small: Compose):
    common = ("signal.size=48", "split=all", "steps=150", "field=gaussian")
    full = fit_one(small(*common))
    half = fit_one(small(*common, "trainer.precision=bf16-mixed"))
    assert half.scores != full.scores
    assert half.scores["train_psnr"] > full.scores["train_psnr"] - 1.5
    assert half.config["folder"] != full.config["folder"]


def test_scores_are_in_full_precision_whatever_trains(small: Compose):
    """The score of a bf16 fit is that of its loaded weights, SSIM included."""
    config = small("steps=60", "trainer.precision=bf16-mixed")
    result = fit_one(config)
    prepared = build_member(config)
    y = fieldlab.load(config.folder)(prepared.signal.coordinates())[None]
    expected = ssim(y, prepared.signal.values.flatten(0, -2)[None], prepared.signal.grid).item()
    assert result.scores["full_ssim"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
def test_a_fit_that_diverges_is_noticed_and_the_others_go_on(small: Compose, monkeypatch: pytest.MonkeyPatch):
    """The second member's weights are spoiled at step 31 of 60: the chunk that ends at step 50 notices."""
    from fieldlab.tasks.fit.module import FitModule

    plain, count = FitModule.step, iter(range(1, 1000))

    def spoil(self, batch, number):
        if next(count) == 31:
            with torch.no_grad():
                next(self.ensemble.parameters())[1].fill_(torch.inf)
        return plain(self, batch, number)

    with monkeypatch.context() as spoiled:
        spoiled.setattr(FitModule, "step", spoil)
        good, bad = fit([small("steps=60", f"seed={seed}", "task.scores=6") for seed in (0, 1)])
    assert (good.status, bad.status, bad.diverged_at) == ("finished", "diverged", 31)
    assert [point["step"] for point in bad.curve] == [10, 20, 30]
    assert bad.scores == {}
    alone = fit_one(small("steps=60", "seed=0", "task.scores=6", "folder=alone"))
    assert good.scores["full_psnr"] == pytest.approx(alone.scores["full_psnr"], abs=0.05)


def test_everything_diverging_stops_early(small: Compose):
    result = fit_one(small("optimizer=sgd", "schedule=constant", "optimizer.lr=1e30", "steps=1000"))
    assert result.status == "diverged"
    assert result.diverged_at < 25
    assert not (Path(result.config["folder"]) / "weights.safetensors").exists()


def test_clipping_is_by_member(small: Compose):
    ensemble = Ensemble([build_member(small(f"seed={seed}")).field for seed in (0, 1)])
    gradients = {}
    for parameter in ensemble.parameters():
        parameter.grad = torch.randn_like(parameter) * torch.tensor([1.0, 1e-6]).view(-1, *[1] * (parameter.ndim - 1))
        gradients[parameter] = parameter.grad.clone()
    clip_by_member(ensemble, ensemble.members, 1.0)
    norms = [math.sqrt(sum(p.grad[m].square().sum().item() for p in ensemble.parameters())) for m in (0, 1)]
    assert norms[0] == pytest.approx(1, rel=1e-4)
    assert all(torch.equal(p.grad[1], before[1]) for p, before in gradients.items())


@pytest.mark.quick(3)
@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("steps=0", "steps: 0 is too few"),
        ("task.batch_size=0", "task: batch_size must be at least 1"),
        ("task.scores=0", "task: scores, the number of points on the curve, must be at least 1"),
        ("task.clip_norm=-1", "task: clip_norm must be positive"),
        ("supervise.constraints.value.weight=0", "supervise.constraints.value: weight must be positive, not 0"),
        ("~supervise.constraints.value", "supervise.constraints is empty"),
        ("optimizer.lr=-1", "optimizer or schedule: lr must not be negative, but is -1"),
        ("optimizer.lr=fast", "optimizer.lr: 'fast' should be a number"),
        ("+optimizer.rate=1", "optimizer.rate: Muon has no such setting"),
        ("trainer.precision=7", "trainer.precision: 7 should be one of 64, 32, 16"),
        ("trainer.accelerator=tpu", "trainer: "),
        ("split.fraction=2", "split: fraction must be between 0 and 1, not 2"),
        ("signal.alignment=middle", "signal.alignment: 'middle' should be one of 'centers', 'corners', 'left'"),
        ("signal.channels=gray", "signal.channels: 'gray' should be one of 'grey', 'rgb'"),
    ],
)
def test_impossible_settings_are_named_before_anything_is_written(small: Compose, override: str, message: str):
    with pytest.raises(InputError) as error:
        fit([small("split=random", override)])
    assert message in str(error.value)
    assert not Path("runs").exists()
