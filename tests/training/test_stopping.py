"""`stop_at`: a fit ends as soon as its PSNR is good enough, confirmed on all samples that judge, and a member of a pack as if alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig
from safetensors.torch import load_file

import fieldlab
from fieldlab.tasks.fit.module import FitModule

Small = Callable[..., DictConfig]
LONG = (
    "optimizer=adam",
    "steps=200",
    "task.scores=40",
    "logger=none",
    "compile=false",
    "split=all",
    "task.batch_size=256",
    "task.bf16_until=0",
)


def test_a_fit_stops_at_the_first_score_that_is_good_enough_and_is_scored_exactly(small: Small):
    [result] = fieldlab.fit([small(*LONG, "stop_at=24")])
    assert result.status == "finished"
    assert result.stopped_at is not None
    assert 0 < result.stopped_at < result.steps == 200
    *before, last = result.curve
    assert all(point["train_psnr"] < 24 for point in before)
    assert last["step"] == result.stopped_at
    assert last["full_psnr"] == result.scores["full_psnr"] == result.scores["train_psnr"] >= 24
    saved = json.loads((Path(result.config["folder"]) / "result.json").read_text())
    assert saved["stopped_at"] == result.stopped_at


def test_one_that_never_gets_there_takes_all_steps(small: Small):
    [result] = fieldlab.fit([small(*LONG, "steps=20", "stop_at=90")])
    assert (result.stopped_at, result.curve[-1]["step"]) == (None, 20)


def test_what_is_held_out_for_validation_judges_and_test_samples_never_do(small: Small):
    [result] = fieldlab.fit([small(*LONG, "split=stride", "task.batch_size=null", "stop_at=18")])
    assert result.stopped_at is not None
    assert result.scores["validation_psnr"] >= 18
    *before, _ = result.curve
    assert all(point["validation_psnr"] < 18 for point in before)
    assert any(point["train_psnr"] > 18 for point in before)


def test_a_hit_in_the_sample_is_confirmed_on_all(small: Small, monkeypatch: pytest.MonkeyPatch):
    """Scores on the way that are 10 dB too good stop nothing too early."""
    measure = FitModule.measure

    def flatter(self: FitModule, *, whole: bool):
        scores, finite = measure(self, whole=whole)
        return (scores if whole else [{**s, "train_psnr": s["train_psnr"] + 10} for s in scores]), finite

    monkeypatch.setattr(FitModule, "measure", flatter)
    [result] = fieldlab.fit([small(*LONG, "stop_at=24")])
    assert result.stopped_at is not None
    assert result.scores["train_psnr"] >= 24
    assert result.curve[-2]["train_psnr"] >= 24  # flattered, and not believed


@pytest.mark.slow
def test_a_member_that_is_done_is_frozen_as_if_it_were_alone(small: Small):
    alone = [fieldlab.fit([small(*LONG, "stop_at=23.5", f"seed={s}", "study=alone")])[0] for s in (0, 1)]
    together = fieldlab.fit([small(*LONG, "stop_at=23.5", f"seed={s}", "study=together") for s in (0, 1)])
    assert len({result.stopped_at for result in alone}) == 2  # one goes on while the other is frozen
    for one, other in zip(alone, together, strict=True):
        assert one.stopped_at == other.stopped_at
        assert [p["step"] for p in one.curve] == [p["step"] for p in other.curve]
        assert one.scores["full_psnr"] == pytest.approx(other.scores["full_psnr"], abs=0.01)
        weights, others = (load_file(Path(r.config["folder"]) / "weights.safetensors") for r in (one, other))
        for name, tensor in weights.items():
            torch.testing.assert_close(tensor, others[name], atol=2e-4, rtol=1e-3)


@pytest.mark.slow
def test_what_was_kept_survives_an_interruption(small: Small, monkeypatch: pytest.MonkeyPatch):
    configs = [small(*LONG, "stop_at=23.5", f"seed={s}", "checkpoint_minutes=0") for s in (0, 1)]
    undisturbed = fieldlab.fit([small(*LONG, "stop_at=23.5", f"seed={s}", "study=other") for s in (0, 1)])
    first = min(result.stopped_at or 999 for result in undisturbed)
    whole = FitModule.training_step

    def interrupted(self: FitModule, chunk, number: int) -> None:
        if chunk.step > first:
            raise KeyboardInterrupt
        whole(self, chunk, number)

    with monkeypatch.context() as patch:
        patch.setattr(FitModule, "training_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fieldlab.fit(configs)
    for one, other in zip(undisturbed, fieldlab.fit(configs), strict=True):
        assert (one.stopped_at, one.scores) == (other.stopped_at, other.scores)
