"""Curves of optimisers: each field by itself, each optimiser at its best rate."""

from pathlib import Path

import pytest
from PIL import Image

from conftest import Command
from fieldlab.report.results import read_fits
from fieldlab.studies.optimizers import choose_curves, save_figure

QUICK = ("signal.size=16", "steps=4", "trainer=cpu", "logger=none", "field.network.width=4", "task.scores=4")


@pytest.mark.slow
def test_each_optimiser_at_the_rate_that_validation_samples_choose(command: Command):
    sweep = ("field=relu,siren", "optimizer=adam,muon", "optimizer.lr=1e-6,1e-2", "seed=0,1")
    assert command("-m", *QUICK, *sweep, "study=rates", "field.learning_rate=1e-2")[0] == 0
    folder = Path("runs/rates")
    _, results = read_fits(folder)
    curves = choose_curves(results.values())
    assert {field: {*of_field} for field, of_field in curves.items()} == {
        "relu": {"Adam", "Muon"},
        "siren": {"Adam", "Muon"},
    }
    for of_field in curves.values():
        for runs in of_field.values():
            assert len(runs) == 2
            rate = {run.config["optimizer"]["lr"] for run in runs}
            of_others = [
                other.scores["validation_psnr"]
                for other in results.values()
                if other.field == runs[0].field
                and other.config["optimizer"]["_target_"] == runs[0].config["optimizer"]["_target_"]
                and other.config["optimizer"]["lr"] not in rate
            ]
            assert sum(run.scores["validation_psnr"] for run in runs) > sum(of_others)  # type: ignore[misc]
    caption = save_figure(Path("figure.png"), folder, results, photos=True)
    assert "bicubic from the same training pixels" in str(caption)
    assert Image.open("figure.png").width > 600


def test_nothing_finished_is_no_figure(tmp_path: Path):
    assert save_figure(tmp_path / "figure.png", tmp_path, {}, photos=True) is None
