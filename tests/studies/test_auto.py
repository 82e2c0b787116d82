"""What the program chose, against what presets ship."""

from pathlib import Path

import pytest
from PIL import Image

from conftest import Command
from fieldlab.report.results import read_fits
from fieldlab.studies.auto import compare, save_figure

QUICK = (
    "signal.size=24",
    "field.network.width=8",
    "trainer=cpu",
    "logger=none",
    "steps=2",
    "task.scores=1",
    "compile=false",
    "study=auto",
)


@pytest.mark.slow
def test_differences_are_within_a_signal(command: Command, tmp_path: Path):
    sweep = (
        "field=gaussian",
        "field.encoding.rows=16",
        "field.encoding.sigma=5,auto",
        "signal=camera,moon",
        "seed=0,1",
    )
    assert command("-m", *QUICK, *sweep)[0] == 0
    _, results = read_fits(Path("runs/auto"))
    found = compare(results)
    assert found[["field", "key", "shipped"]].drop_duplicates().values.tolist() == [
        ["gaussian", "field.encoding.sigma", 5]
    ]
    assert sorted(found.signal) == ["camera", "moon"]
    table = {(r.signal, bool(r.decided), r.seed): r.scores["test_psnr"] for r in results.values()}
    for row in found.itertuples():
        ours, theirs = (sum(table[row.signal, auto, seed] for seed in (0, 1)) / 2 for auto in (True, False))
        assert abs(row.difference - (ours - theirs)) < 1e-9
    caption = save_figure(tmp_path / "figure.png", Path("runs/auto"), results, photos=True)
    assert "n = 2." in str(caption)
    assert Image.open(tmp_path / "figure.png").width > 300
    assert save_figure(tmp_path / "none.png", Path("runs/auto"), {}, photos=True) is None
