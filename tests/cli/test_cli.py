"""The command: what a user types, and what they see when something is wrong."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import fieldlab
from conftest import Command
from fieldlab.config import fingerprint as identity

QUICK = ("signal.size=32", "steps=2", "task.scores=1", "trainer=cpu")


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


@pytest.mark.quick(1)
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


@pytest.mark.slow
def test_a_sweep_skips_what_has_finished_and_says_so(command: Command):
    sweep = ("-m", "field=relu,siren", "seed=0", *QUICK, "study=mine")
    code, out, _ = command(*sweep)
    assert code == 0
    assert out.count("PSNR train") == 2
    code, out, _ = command(*sweep, "seed=0,1")
    assert "finished before and skipped: 2 " in out
    assert out.count("PSNR train") == 2
    code, out, _ = command(*sweep, "resume=false")
    assert "skipped" not in out
    assert len(list(Path("runs/mine").glob("*/result.json"))) == 4


@pytest.mark.slow
def test_a_packed_sweep_is_the_same_sweep(command: Command):
    sweep = ("-m", "seed=0,1,2", *QUICK, "optimizer.lr=1e-4", "steps=20")
    command(*sweep, "study=alone")
    command(*sweep, "study=packed", "hydra.launcher.members=3")
    for one in Path("runs/alone").glob("*/result.json"):
        other = Path("runs/packed") / one.parent.name / one.name
        scores = [json.loads(file.read_text())["scores"]["full_psnr"] for file in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=0.01)


@pytest.mark.slow
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
    assert re.search(r"diverged: runs/mine/\S+ \(not finite at step \d+\)", out)
    assert "0 of 1: 1 diverged at step" in out
    assert len(list(Path("runs/mine").glob("*/result.json"))) == 2


def test_a_crash_is_data(command: Command, monkeypatch: pytest.MonkeyPatch):
    from fieldlab.tasks.fit.module import FitModule

    def crash(self, batch, number):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(FitModule, "step", crash)
    code, out, _ = command(*QUICK)
    folder = Path(out.split()[-1])
    assert code == 1
    assert "failed (RuntimeError: out of luck)" in out
    assert json.loads((folder / "result.json").read_text())["status"] == "failed"
    assert "out of luck" in (folder / "traceback.txt").read_text()


def test_finished_means_that_the_last_step_was_taken(command: Command, monkeypatch: pytest.MonkeyPatch):
    from fieldlab.tasks.fit.module import FitModule

    whole = FitModule.training_step

    def stop_early(self, chunk, number):
        whole(self, chunk, number)
        self.trainer.should_stop = True

    monkeypatch.setattr(FitModule, "training_step", stop_early)
    code, out, _ = command("signal.size=32", "trainer=cpu", "steps=60", "task.scores=1")
    assert code == 1
    assert "failed (RuntimeError: training ended at step 25 of 60)" in out


@pytest.mark.parametrize(
    ("batch_size", "words"), [("null", "all samples are taken at each step; take fewer with task.batch_size=4096"),
                              ("64", "64 are taken at each step; take fewer with task.batch_size=16")]
)  # fmt: skip
def test_memory_that_is_short_names_the_key(
    command: Command, monkeypatch: pytest.MonkeyPatch, batch_size: str, words: str
):
    from fieldlab.tasks.fit.module import FitModule

    def allocate(self, batch, number):
        torch.empty(2**60)

    monkeypatch.setattr(FitModule, "step", allocate)
    code, out, _ = command(*QUICK, f"task.batch_size={batch_size}")
    assert code == 1
    assert f"failed (out of memory: {words} (RuntimeError: " in out


@pytest.mark.slow
def test_a_key_that_works_for_some_fits_may_be_swept(command: Command):
    rates = ("optimizer=adam,sgd", "field.learning_rate=1e-3,1e-4", "compile=false,no", "trainer.devices=1")
    assert command("-m", *QUICK, *rates, "study=mine")[0] == 0
    assert len(list(Path("runs/mine").glob("*/result.json"))) == 3


@pytest.mark.slow
def test_what_other_code_has_finished_is_made_again(command: Command, monkeypatch: pytest.MonkeyPatch):
    sweep = ("-m", *QUICK, "study=mine", "folder=runs/mine/one")
    command(*sweep)
    assert "skipped: 1" in command(*sweep)[1]
    monkeypatch.setattr(identity, "RESULTS", identity.RESULTS + 1)
    code, out, _ = command(*sweep)
    assert code == 0
    assert "finished by other code or with other settings before and tried again: 1" in out
    assert "skipped" not in out


def test_a_crash_with_debug_shows_its_traceback(command: Command, monkeypatch: pytest.MonkeyPatch):
    from fieldlab.tasks.fit.module import FitModule

    def crash(self, batch, number):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(FitModule, "step", crash)
    monkeypatch.setenv("FIELDLAB_DEBUG", "1")
    with pytest.raises(RuntimeError, match="out of luck"):
        command(*QUICK)


@pytest.mark.slow
def test_a_sweep_tries_failed_fits_again_and_says_so(command: Command):
    broken = ("-m", *QUICK, "seed=0,1,2", "optimizer=sgd", "optimizer.lr=1e30", "steps=5")
    assert command(*broken)[0] == 1
    code, out, _ = command(*broken)
    assert code == 1
    assert "diverged before and tried again: 3\n" in out
    assert "skipped" not in out
    assert "[3/3]" in out
    assert "tried again" not in command(*broken, "resume=false")[1]


@pytest.mark.slow
def test_an_old_failure_does_not_spoil_a_later_sweep(command: Command):
    common = ("signal.size=32", "steps=30", "trainer=cpu", "study=mine")
    assert command(*common, "optimizer=sgd", "schedule=constant", "optimizer.lr=1e30")[0] == 1
    code, out, _ = command("-m", *common, "field=relu,siren")
    assert code == 0
    assert "1 diverged" in out


@pytest.mark.slow
def test_several_studies_in_one_sweep_each_get_their_table(command: Command):
    code, out, _ = command("-m", *QUICK, "study=p,q")
    assert code == 0
    assert "runs/p/: report.html, table.csv" in out
    assert "runs/q/: report.html, table.csv" in out


def test_a_last_step_that_ruins_the_weights_is_divergence(command: Command):
    code, out, _ = command("signal.size=32", "trainer=cpu", "steps=1", "optimizer.lr=1e38", "schedule=constant")
    assert code == 1
    assert "diverged at step 1" in out


def test_a_rerun_leaves_nothing_of_the_run_before(command: Command):
    same = ("signal.size=32", "trainer=cpu", "steps=30", "folder=same", "schedule=constant")
    command(*same)
    assert Path("same/weights.safetensors").exists()
    command(*same, "optimizer=sgd", "optimizer.lr=1e30")
    assert not Path("same/weights.safetensors").exists()
    assert not Path("same/reconstruction.png").exists()


def write(path: str, content: bytes) -> None:
    Path(path).write_bytes(content)


@pytest.mark.quick(16)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["field=sirne"], "field=sirne: there is no such option; did you mean siren or"),
        (["field=gaussian", "field/encoding=positionl"], "field/encoding=positionl: there is no such option; did you mean positional or"),
        (["signal=camra"], "signal=camra: there is no such option; did you mean camera"),
        (["experiment=psnr_tabel"], "experiment=psnr_tabel: there is no such option; did you mean psnr_table"),
        (["signal.sise=3"], "signal.sise: there is no such key; did you mean size?"),
        (["stepz=3"], "stepz: there is no such key; did you mean steps?"),
        (["steps=abc"], "steps: 'abc' should be a whole number"),
        (["seed=1.5"], "seed: 1.5 should be a whole number"),
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
        (["-m", "seed=0,1", "trainer.devices=2"], "trainer.devices: 2 devices need trainer.strategy=ddp, not auto"),
        (["-m", "seed=0,1", "hydra.launcher.members=0"], "hydra.launcher.members: 0 should be at least 1"),
        (["-m", "field=siren,gausian"], "field=gausian: there is no such option; did you mean gaussian"),
        (["-m", "field=siren,gaussian", "field.network.width=0"], "field.network: width and depth must be"),
        (["study="], "study: needs a name"),
        (["folder="], "folder: needs a name"),
        (["signal.name=a/b"], "signal.name: a/b must not contain a slash"),
        (["+bar=1"], "bar: the task Fit has no such key"),
        (["seed=99999999999999999999"], "seed: "),
        (["seed=-1"], "seed: -1 should be between 0 and 2^63 - 1"),
        (["field=gaussian", "field.encoding.sigma=nan"], "field.encoding.sigma: nan should be a finite number"),
        (["signal.size=[8,8,8]"], "signal: size must be N or [ROWS, COLUMNS]"),
        (["signal.background=nocolour"], "signal: unknown color specifier: 'nocolour'"),
        (["signal=array", "signal.path=."], "signal.path: . is a directory"),
        (["field.network=null"], "field.network: needs "),
        (["field.output=null"], "field.output: needs "),
        (["field=null"], "field"),
        (["optimizer._target_=torch.optim.Nope"], "optimizer._target_: cannot import 'torch.optim.Nope'"),
        (["trainer.devices=abc"], "trainer: "),
        (["-m", "seed=0,1", "trainer.devices=2", "trainer.strategy=ddp"], "trainer.devices: 2 devices share one fit, not a sweep"),
        (["trainer.devices=2", "trainer.strategy=ddp", "optimizer=lbfgs"], "trainer.devices: 2 devices need an optimiser that looks at gradients alone"),
        (["trainer=cpu", "trainer.devices=2", "trainer.strategy=ddp", "task.batch_size=1"], "trainer.devices: 2 devices cannot share"),
        (["trainer.strategy=dpd"], "trainer: "),
        (["checkpoint_minutes=-1"], "checkpoint_minutes: -1 should be at least 0"),
        (["trainer.precision=16-mixed"], "trainer.precision: one loss scaler would couple"),
        (["+trainer.max_epochs=3"], "trainer.max_epochs: would shorten or change training, or do nothing; take the key steps"),
        (["+trainer.fast_dev_run=true"], "trainer.fast_dev_run: would shorten or change training, or do nothing; take debug=true"),
        (["-m", "seed=0,1", "+trainer.limit_train_batches=3"], "trainer.limit_train_batches: would shorten or change"),
        (["+trainer.overfit_batches=1"], "trainer.overfit_batches: would shorten or change"),
        (["+trainer.max_time={seconds: 5}"], "trainer.max_time: would shorten or change training"),
        (["+trainer.max_steps=5"], "trainer.max_steps: would shorten or change training, or do nothing; take the key steps"),
        (["+trainer.min_steps=5"], "trainer.min_steps: would shorten or change"),
        (["+trainer.gradient_clip_val=1"], "trainer.gradient_clip_val: would shorten or change training, or do nothing; take task.clip_norm"),
        (["+trainer.accumulate_grad_batches=2"], "take task.batch_size"),
        (["+trainer.acelerator=cpu"], "trainer.acelerator: is no setting that fieldlab passes on; did you mean accelerator?"),
        (["-m", "optimizer=sgd", "field.learning_rate=1e-3,1e-4"], "field.learning_rate: its 2 values give one and the same fit: nothing depends on it in this configuration; sweep optimizer.lr"),
        (["-m", "optimizer=lbfgs", "seed=0,1", "field.learning_rate=1e-3,1e-4,1e-5"], "field.learning_rate: its 3 values give one"),
        (["logger.tags=[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]"], "logger: tags must have 1 to 64 letters each, not 65"),
        (["logger.tags=['']"], "logger: tags must have 1 to 64 letters each, not 0"),
        (["logger.project=a:b"], "logger: project must have at most 128 letters, none of /\\#?%:, not 'a:b'"),
        (["signal=image", f"signal.path={'n' * 300}.png"], "nnn…: is too long for the name of a file"),
        (["-m", "signal=image", f"signal.path={'n' * 300}.png"], "nnn…: is too long for the name of a file"),
        (["signal=image", "signal.path=no (1)=[ü].png"], "signal.path: there is no file no (1)=[ü].png"),
        (["schedule.T_max=0"], "optimizer or schedule: "),
        (["-m", "seed=0,1", "folder=same"], "folder: different fits would share same"),
        (["steps=[1"], "steps=[1: is no valid override"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_is_one_line_and_leaves_nothing(command: Command, arguments: list[str], message: str):
    write("empty.png", b"")
    Image.fromarray(np.zeros((1, 1), np.uint8)).save("dot.png")
    np.save("nan.npy", np.array([1, np.nan, 2]))
    np.save("four.npy", np.zeros((5, 5, 5, 5)))
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
        "_target_: fieldlab.encodings.gaussian.GaussianFourier\nrows: 4\nsgima: 1.0\nseed: null\n"
    )
    code, _, err = command(*QUICK, "field=relu", "field/encoding=mine")
    assert code == 2
    assert "field.encoding.sgima: GaussianFourier has no such setting; did you mean sigma?" in err
    Path("conf/experiment").mkdir(parents=True)
    Path("conf/experiment/typo.yaml").write_text("# @package _global_\nstepz: 3\n")
    code, _, err = command(*QUICK, "experiment=typo")
    assert code == 2
    assert "stepz" in err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def __init__(self, dim, waves): super().__init__()", "field.encoding.waves: Mine needs this setting"),
        ("def __init__(self): super().__init__()", "field.encoding: Mine must take an argument dim"),
        ("def __init__(self, dim): super().__init__()", "field.encoding: needs an attribute features"),
        ("def __init__(self, dim): raise RuntimeError('no')", "field.encoding: RuntimeError: no"),
    ],
)
def test_mistakes_in_a_users_own_encoding(
    command: Command, source: str, message: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(sys.modules, "own_module", raising=False)
    Path("own_module.py").write_text(f"from torch import nn\nclass Mine(nn.Module):\n    {source}\n")
    Path("conf/field/encoding").mkdir(parents=True)
    Path("conf/field/encoding/mine.yaml").write_text("_target_: own_module.Mine\n")
    code, _, err = command(*QUICK, "field=relu", "field/encoding=mine")
    assert (code, err.count("\n")) == (2, 1)
    assert message in err


def test_broken_yaml_is_one_line(command: Command):
    Path("conf/field/encoding").mkdir(parents=True)
    Path("conf/field/encoding/mine.yaml").write_text("_target_: [unclosed\n")
    code, _, err = command(*QUICK, "field=relu", "field/encoding=mine")
    assert (code, err.count("\n")) == (2, 1)
    assert "mine.yaml" in err


@pytest.mark.slow
def test_members_that_differ_in_more_than_tensors_are_not_packed(command: Command):
    sweep = ("-m", *QUICK, "steps=10", "field.coordinates=[-1,1],[0,1]")
    command(*sweep, "study=alone")
    command(*sweep, "study=packed", "hydra.launcher.members=2")
    scores = [
        sorted(
            json.loads(file.read_text())["scores"]["full_psnr"] for file in Path("runs", study).glob("*/result.json")
        )
        for study in ("alone", "packed")
    ]
    assert scores[0] == scores[1]
    assert scores[0][0] != scores[0][1]


def test_a_users_file_wins_over_a_built_in_of_its_name(command: Command):
    Path("conf/field/encoding").mkdir(parents=True)
    Path("conf/field/encoding/gaussian.yaml").write_text(
        "_target_: fieldlab.encodings.gaussian.GaussianFourier\nrows: 5\nsigma: 1.0\nseed: null\n"
    )
    _, out, _ = command("field=gaussian", "--cfg", "job")
    assert "rows: 5" in out


def test_fieldlab_conf_wins_over_the_working_folder(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for folder, rows in (("conf", 5), ("elsewhere", 6)):
        (tmp_path / folder / "field/encoding").mkdir(parents=True)
        (tmp_path / folder / "field/encoding/gaussian.yaml").write_text(
            f"_target_: fieldlab.encodings.gaussian.GaussianFourier\nrows: {rows}\nsigma: 1.0\nseed: null\n"
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
