"""The figure and the table of derivatives."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from conftest import Command

QUICK = (
    "signal.size=16",
    "steps=2",
    "trainer=cpu",
    "logger=none",
    "compile=false",
    "field.network.width=8",
    "task.scores=1",
)


@pytest.mark.slow
def test_poisson_has_a_row_for_each_supervision_and_the_solver(command: Command):
    sweep = ("supervise=gradient,laplacian", "field=siren,tanh", "field.learning_rate=1e-3", "signal=camera")
    assert (
        command("-m", *QUICK, "split=all", *sweep, "figure=fieldlab.studies.derivatives.save_figure", "study=p")[0]
        == 0
    )
    table = pd.read_csv("runs/p/summary.csv")
    assert list(table.field) == ["siren", "tanh", "siren", "tanh", "Poisson solver"]
    assert list(table.supervise) == ["gradient", "gradient", "laplacian", "laplacian", "gradient"]
    assert not {"train PSNR", "test PSNR", "residual", "free"} & {
        *table
    }  # one score, and one word for what is supervised
    assert {"full PSNR", "gradient PSNR", "Laplacian PSNR"} <= {*table}
    figure = Image.open("runs/p/figure.png")
    assert figure.height > figure.width  # six rows of three


@pytest.mark.slow
def test_a_relu_has_no_laplacian(command: Command):
    fields = "field=relu,siren"
    assert command("experiment=derivatives", *QUICK, fields, "trainer.precision=32")[0] == 0
    assert Path("runs/derivatives/figure.png").exists()
    import fieldlab
    from fieldlab.operators import laplacian

    [folder] = Path("runs/derivatives").glob("relu-*")
    bend = fieldlab.Query(folder).render((16, 16), operator=laplacian)
    assert (bend == 0).all()
