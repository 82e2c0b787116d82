"""The command: what a user types, and what they see when something is wrong."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fieldlab

QUICK = ("signal.size=32", "steps=2", "task.scores=1", "trainer=cpu")
Command = Callable[..., tuple[int, str, str]]


def test_a_plain_run_writes_all_that_it_promises(command: Command):
    code, out, err = command(*QUICK, "field=gaussian")
    assert (code, err) == (0, "")
    folder = Path(out.split()[-1])
    files = {
        "config.yaml",
        "result.json",
        "weights.safetensors",
        "reconstruction.png",
        "error.png",
        "target.png",
        "curve.png",
    }
    assert {file.name for file in folder.iterdir()} == files
    result = json.loads((folder / "result.json").read_text())
    assert result["status"] == "finished"
    assert set(result["scores"]) >= {"train_psnr", "test_psnr", "full_psnr", "full_ssim"}
    assert {"curve", "steps", "seconds", "parameters", "device", "versions", "git", "config"} <= set(result)
    assert [point["step"] for point in result["curve"]] == [2]
    assert np.asarray(Image.open(folder / "reconstruction.png")).shape == (32, 32, 3)
    assert fieldlab.load(folder)(fieldlab.load(folder).encoding.frequencies.new_zeros(4, 2)).shape == (4, 1)


@pytest.mark.parametrize("axes", [(40,), (12, 14), (6, 6, 6)])
def test_arrays_of_every_dimension(command: Command, axes: tuple[int, ...]):
    values = np.random.default_rng(0).normal(size=axes) * 5
    np.save("world.npy", values)
    code, out, err = command("signal=array", "signal.path=world.npy", "steps=2", "split=columns", "trainer=cpu")
    assert code == 0, err
    folder = Path(out.split()[-1])
    assert np.load(folder / "reconstruction.npy").shape == axes
    assert Image.open(folder / "reconstruction.png").size[0] > 1


def test_a_plain_run_always_runs_anew(command: Command):
    _, out, _ = command(*QUICK)
    file = Path(out.split()[-1]) / "result.json"
    before = file.stat().st_mtime_ns
    command(*QUICK)
    assert file.stat().st_mtime_ns > before


def test_a_sweep_skips_what_has_finished_and_says_so(command: Command):
    sweep = ("-m", "field=relu,siren", "seed=0", *QUICK, "study=mine")
    code, out, _ = command(*sweep)
    assert code == 0
    assert out.count("PSNR train") == 2
    code, out, _ = command(*sweep, "seed=0,1")
    assert "2 fits have finished before and are skipped" in out
    assert out.count("PSNR train") == 2
    code, out, _ = command(*sweep, "resume=false")
    assert "skipped" not in out
    assert len(list(Path("runs/mine").glob("*/result.json"))) == 4


def test_a_packed_sweep_is_the_same_sweep(command: Command):
    sweep = ("-m", "seed=0,1,2", *QUICK, "optimizer.lr=1e-4", "steps=20")
    command(*sweep, "study=alone")
    command(*sweep, "study=packed", "hydra.launcher.members=3")
    for one in Path("runs/alone").glob("*/result.json"):
        other = Path("runs/packed") / one.parent.name / one.name
        scores = [json.loads(file.read_text())["scores"]["full_psnr"] for file in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=0.01)


def test_a_fit_that_fails_is_listed_and_the_others_go_on(command: Command):
    code, out, _ = command(
        "-m",
        "optimizer=sgd",
        "schedule=constant",
        "optimizer.lr=1e-2,1e30",
        "steps=30",
        "signal.size=32",
        "study=mine",
    )
    assert code == 1
    assert re.search(r"diverged: runs/mine/\S+ \(loss no longer finite at step \d+\)", out)
    assert "1 of 1" not in out
    assert "0 of 1: 1 diverged" in out
    assert len(list(Path("runs/mine").glob("*/result.json"))) == 2


def test_a_crash_is_data(command: Command, monkeypatch: pytest.MonkeyPatch):
    from fieldlab.tasks.fit import Fit

    def crash(self, x, y):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(Fit, "step", crash)
    code, out, _ = command(*QUICK)
    folder = Path(out.split()[-1])
    assert code == 1
    assert "failed (RuntimeError: out of luck)" in out
    assert json.loads((folder / "result.json").read_text())["status"] == "failed"
    assert "out of luck" in (folder / "traceback.txt").read_text()


def test_a_crash_with_debug_shows_its_traceback(command: Command, monkeypatch: pytest.MonkeyPatch):
    from fieldlab.tasks.fit import Fit

    def crash(self, x, y):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(Fit, "step", crash)
    monkeypatch.setenv("FIELDLAB_DEBUG", "1")
    with pytest.raises(RuntimeError, match="out of luck"):
        command(*QUICK)


def write(path: str, content: bytes) -> None:
    Path(path).write_bytes(content)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["field=sirne"], "field=sirne: there is no such option; did you mean siren?"),
        (["field=gaussian", "field/encoding=positionl"], "field/encoding=positionl: there is no such option; did you mean positional?"),
        (["signal=camra"], "signal=camra: there is no such option; did you mean camera"),
        (["experiment=psnr_tabel"], "experiment=psnr_tabel: there is no such option; did you mean psnr_table"),
        (["signal.sise=3"], "signal.sise: there is no such key; did you mean size?"),
        (["stepz=3"], "stepz: there is no such key; did you mean steps?"),
        (["steps=abc"], "steps: Value 'abc' of type 'str' could not be converted to Integer"),
        (["seed=1.5"], "seed: Value '1.5' of type 'float' could not be converted to Integer"),
        (["field=gaussian", "field.encoding.sigma=-2"], "field.encoding: sigma must be positive, not -2"),
        (["steps=0"], "steps: 0 is too few"),
        (["signal=image"], "signal.path: needs a value"),
        (["signal=image", "signal.path=none.png"], "signal.path: there is no file none.png"),
        (["signal=image", "signal.path=empty.png"], "signal.path: empty.png is no picture"),
        (["signal=image", "signal.path=."], "signal.path: . is a directory"),
        (["signal=image", "signal.path=dot.png"], "dot has 1 x 1 samples"),
        (["signal=array", "signal.path=nan.npy"], "signal.path: nan.npy has NaN"),
        (["signal=array", "signal.path=four.npy"], "signal.path: four.npy has 4 axes"),
        (["split=random", "split.fraction=0.0000001"], "split: no training samples are left"),
        (["folder=empty.png/x"], "folder: cannot write to empty.png/x"),
        (["-m", "experiment=psnr_table,cameraman"], "experiment: a sweep over experiments"),
        (["-m", "seed=0,1", "trainer.devices=2"], "trainer.devices: 2 devices for each fit of a sweep is refused"),
        (["-m", "seed=0,1", "hydra.launcher.members=0"], "hydra.launcher.members: 0 should be at least 1"),
        (["-m", "field=siren,gausian"], "field=gausian: there is no such option; did you mean gaussian"),
        (["-m", "field=siren,gaussian", "field.network.width=0"], "field.network: width and depth must be"),
        (["steps=[1"], "steps=[1: is no valid override"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_is_one_line_and_leaves_nothing(command: Command, arguments: list[str], message: str):
    write("empty.png", b"")
    Image.fromarray(np.zeros((1, 1), np.uint8)).save("dot.png")
    np.save("nan.npy", np.array([1, np.nan, 2]))
    np.save("four.npy", np.zeros((2, 2, 2, 2)))
    before = set(Path().rglob("*"))
    code, _, err = command(*arguments)
    assert code == 2
    assert message in err
    assert err.startswith("fieldlab: ")
    assert err.count("\n") == 1
    assert set(Path().rglob("*")) == before


def test_a_misspelt_key_in_a_users_yaml_is_named(command: Command):
    Path("conf/field/encoding").mkdir(parents=True)
    Path("conf/field/encoding/mine.yaml").write_text(
        "_target_: fieldlab.encodings.gaussian.GaussianFourier\nrows: 4\nsgima: 1.0\n"
    )
    code, _, err = command(*QUICK, "field=relu", "field/encoding=mine")
    assert code == 2
    assert "field.encoding.sgima: GaussianFourier has no such setting; did you mean sigma?" in err
    Path("conf/experiment").mkdir(parents=True)
    Path("conf/experiment/typo.yaml").write_text("# @package _global_\nstepz: 3\n")
    code, _, err = command(*QUICK, "experiment=typo")
    assert code == 2
    assert "stepz" in err


def test_a_users_file_wins_over_a_built_in_of_its_name(command: Command):
    Path("conf/field/encoding").mkdir(parents=True)
    Path("conf/field/encoding/gaussian.yaml").write_text(
        "_target_: fieldlab.encodings.gaussian.GaussianFourier\nrows: 5\nsigma: 1.0\n"
    )
    _, out, _ = command("field=gaussian", "--cfg", "job")
    assert "rows: 5" in out


def test_fieldlab_conf_wins_over_the_working_folder(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for folder, rows in (("conf", 5), ("elsewhere", 6)):
        (tmp_path / folder / "field/encoding").mkdir(parents=True)
        (tmp_path / folder / "field/encoding/gaussian.yaml").write_text(
            f"_target_: fieldlab.encodings.gaussian.GaussianFourier\nrows: {rows}\nsigma: 1.0\n"
        )
    monkeypatch.setenv("FIELDLAB_CONF", str(tmp_path / "elsewhere"))
    assert "rows: 6" in command("field=gaussian", "--cfg", "job")[1]


def test_help_teaches(command: Command):
    _, out, _ = command("--help")
    for word in (
        "fieldlab field=gaussian signal=astronaut",
        "experiment=psnr_table",
        "fieldlab-report",
        "siren",
        "tab completion",
    ):
        assert word in out
