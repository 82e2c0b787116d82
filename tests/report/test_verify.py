"""`fieldlab-report --verify`: what the runs left is evaluated anew."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

import fieldlab.cli.report
from conftest import ROLLING, SMALL, Command
from fieldlab.report.verify import verify

QUICK = (*SMALL, "logger=none", "compile=false", "study=mine")
STUDY = Path("runs/mine")


@pytest.fixture
def reported(script: Callable[..., Command]) -> Command:
    return script("fieldlab-report", fieldlab.cli.report.main)


def change(name: str, edit: Callable[[dict], None]) -> Path:
    """Edit the result of the one run whose folder begins so."""
    [file] = STUDY.glob(f"{name}*/result.json")
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))
    return file.parent


@pytest.mark.slow
def test_runs_that_were_fitted_together_are_what_their_results_say(command: Command):
    sweep = ("-m", "field=siren,gaussian", "seed=0,1", "hydra.launcher.members=2")
    assert command(*sweep, *QUICK, "steps=30")[0] == 0
    assert verify(STUDY) == ("4 runs: 4 as evaluated anew, within 0.01 dB", True)


def test_a_score_that_was_tampered_with_is_found(command: Command, reported: Command):
    assert command(*QUICK)[0] == 0
    folder = change("siren", lambda result: result["scores"].update(test_psnr=result["scores"]["test_psnr"] + 0.02))
    code, out, error = reported(str(STUDY), "--verify")
    assert (code, error) == (1, "")
    first, last = out.splitlines()
    assert first.startswith(f"{folder}: test PSNR is ")
    assert last == "1 run: 1 different when evaluated anew"


@pytest.mark.slow
def test_a_yardstick_that_was_tampered_with_is_found(command: Command):
    assert command(*QUICK)[0] == 0
    change("siren", lambda result: result["yardsticks"]["bicubic"].update(test_psnr=1.0))
    text, sound = verify(STUDY)
    assert not sound
    assert "bicubic: test PSNR is 1 in its result" in text


@pytest.mark.slow
def test_other_weights_are_found(command: Command):
    assert command(*QUICK)[0] == 0
    [file] = STUDY.glob("*/weights.safetensors")
    state = load_file(file)
    metadata = {"dim": "2", "channels": "1"}
    save_file({name: 1.1 * t if name.endswith("last.weight") else t for name, t in state.items()}, file, metadata)
    assert not verify(STUDY)[1]
    file.write_bytes(file.read_bytes()[:100])
    text, sound = verify(STUDY)
    assert not sound
    assert f"{file}: is damaged" in text


def test_what_is_missing_or_damaged_is_told(command: Command):
    assert command("-m", *QUICK, "seed=0,1")[0] == 0
    one, other = sorted(STUDY.glob("*/result.json"))
    one.unlink()
    other.write_text("{")
    text, sound = verify(STUDY)
    assert not sound
    assert text.splitlines()[-1] == "2 runs: 2 missing or damaged"


@pytest.mark.slow
def test_a_signal_that_is_gone_is_no_difference(command: Command, clean_folder: Path):
    Image.new("L", (32, 32), 99).save("mine.png")
    assert command("signal=image", "signal.path=mine.png", *QUICK)[0] == 0
    Path("mine.png").unlink()
    text, sound = verify(STUDY)
    assert not sound
    assert "could not be evaluated: signal" in text
    assert text.endswith("1 run: 1 that could not be evaluated")


@pytest.mark.slow
def test_what_the_program_decided_is_kept(command: Command):
    assert command("field=gaussian", *QUICK[:1], *QUICK[2:], "budget=2000", "seconds=0.2")[0] == 0
    assert verify(STUDY)[1]


@pytest.mark.slow
def test_what_failed_or_left_no_weights_is_told(command: Command):
    command(*QUICK, "optimizer.lr=1e30", "steps=40")
    assert verify(STUDY) == ("1 run: 1 diverged, with no scores", True)


@pytest.mark.slow
def test_rolls_are_passed_over(command: Command):
    assert command(*ROLLING, "study=mine")[0] == 0
    assert verify(STUDY)[0].endswith("1 run: 1 passed over, as their task cannot evaluate them anew")


@pytest.mark.parametrize(
    "overrides",
    [
        ("task=kernel", "signal.size=32", "field.network.width=32"),
        ("supervise=laplacian", "split=all", *SMALL, "compile=false"),
        pytest.param(
            (
                "task=surface",
                "signal=torus_knot",
                "signal.points=1000",
                "task.resolution=64",
                "task.compared=2000",
                "steps=2",
                "field.network.width=32",
            ),
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda overrides: overrides[0],
)
def test_every_kind_of_scores_is_evaluated_anew(overrides: tuple[str, ...], command: Command):
    code, _, error = command(*overrides, "study=mine", "logger=none", "trainer=cpu")
    assert (code, error) == (0, "")
    assert verify(STUDY) == ("1 run: 1 as evaluated anew, within 0.01 dB", True)


@pytest.mark.slow
def test_it_writes_nothing(command: Command, reported: Command):
    assert command(*QUICK)[0] == 0
    before = sorted(path for path in STUDY.rglob("*"))
    assert reported(str(STUDY), "--verify")[0] == 0
    assert sorted(path for path in STUDY.rglob("*")) == before
    code, _, error = reported(str(STUDY), "--verify", "--to", "there")
    assert code == 2
    assert "--verify writes nothing" in error
