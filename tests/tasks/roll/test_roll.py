"""Rolls: known shifts are found, fits are made first and found again, members are what they would be alone, bad input is told."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import fieldlab
from conftest import ROLLING, Command, rolling, slow
from fieldlab.tasks.roll.module import RollModule


@pytest.fixture(scope="module")
def memories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the two photos."""
    folder = tmp_path_factory.mktemp("fits")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fieldlab.fit([rolling("steps=1", "task.scores=1")])
    return folder / "runs/library"


@pytest.fixture
def library(memories: Path, clean_folder: Path) -> Path:
    """The same, where a roll looks for it."""
    shutil.copytree(memories, clean_folder / "runs/library")
    return clean_folder / "runs/library"


def scores(*overrides: str) -> dict[str, float]:
    [result] = fieldlab.fit([rolling(*overrides)])
    assert result.status == "finished", result.error
    return {name: value for name, value in result.scores.items() if value is not None}


@pytest.mark.slow
def test_what_is_rolled_is_memorised_first_and_found_again(clean_folder: Path, capsys: pytest.CaptureFixture[str]):
    config = rolling()
    [result] = fieldlab.fit([config])
    assert capsys.readouterr().out.count("memorised siren_small ") == 2
    folder = Path(config.folder)
    assert folder.match("runs/roll/siren_small-coffee+cat-recover-s0-????????")
    assert {path.name for path in folder.iterdir()} == {
        "config.yaml", "curve.png", "images", "images.csv", "images.npy", "progress.gif", "result.json", "sheet.png",
        "warp.safetensors",
    }  # fmt: skip
    fits = sorted(path.parent for path in Path("runs/library").glob("*/result.json"))
    assert [fit.name.rpartition("-")[0] for fit in fits] == ["siren_small-cat-s0", "siren_small-coffee-s0"]
    assert result.scores["recovered"] == 1.0
    assert result.scores["shift_error"] < 0.2
    np.testing.assert_allclose(
        [result.curve[-1]["cat/shift_rows"], result.curve[-1]["cat/shift_columns"]], [3, -2], atol=0.3
    )
    before = [(fit / "weights.safetensors").stat().st_mtime_ns for fit in fits]
    fieldlab.fit([rolling("seed=1")])
    assert "memorised" not in capsys.readouterr().out
    assert before == [(fit / "weights.safetensors").stat().st_mtime_ns for fit in fits]


def test_a_roll_leaves_what_it_has_learned(library: Path):
    config = rolling("warp/moves=[shift,rotation]")
    [result] = fieldlab.fit([config])
    folder = Path(config.folder)
    table = pd.read_csv(folder / "images.csv")
    assert table.picture.tolist() == ["coffee", "cat"]
    assert {"shift_rows", "degrees", "goal_loss", "matched_psnr", "shift_error"} <= set(table.columns)
    images = np.load(folder / "images.npy")
    assert images.shape == (2, 3, 16, 16)
    assert len(list((folder / "images").glob("*.png"))) == 2
    assert Image.open(folder / "progress.gif").n_frames == 4  # type: ignore[attr-defined]  # the start, and three scores
    learned = load_file(folder / "warp.safetensors")
    assert {name: tuple(value.shape) for name, value in learned.items()} == {
        "warp.warps.0.shift": (2, 2), "warp.warps.1.angle": (2,)
    }  # fmt: skip
    assert result.parameters == 6
    assert (result.grid, result.channels) == ([16, 16], 3)
    assert result.scores["exact_psnr"] > 25


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrap", ["warp=floor", *slow("warp=smooth_sawtooth warp.wrap.delta=0.001", "warp=none field/encoding=periodic")]
)
def test_a_near_shift_is_found_from_where_the_picture_is(library: Path, wrap: str):
    found = scores(*wrap.split(), "shift_init=zero", "goal.shifts=[[1,0],[0,-1]]", "optimizer.lr=0.01")
    assert found["shift_error"] < 0.25, found
    assert found["recovered"] >= (0.75 if "sawtooth" in wrap else 1.0)


@pytest.mark.slow
def test_a_grid_start_finds_what_is_far_and_a_plain_one_does_not(library: Path):
    far = "goal.shifts=[[8,7]]"
    assert scores(far, "shift_init=grid")["recovered"] == 1.0
    assert scores(far, "shift_init=zero")["recovered"] < 1.0


def test_the_best_of_several_tries_counts(library: Path):
    config = rolling("shift_init=random", "shift_init.tries=12", "steps=1", "task.scores=1")
    task_losses = []
    look = RollModule.look_at_all

    def noted(self: RollModule) -> None:
        look(self)
        task_losses.append(self.goal.losses(self.whole, self.goal.places.expand(1, -1)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RollModule, "look_at_all", noted)
        [result] = fieldlab.fit([config])
    assert task_losses[-1].shape == (1, 1, 12, 2)
    assert result.scores["goal_loss"] == pytest.approx(task_losses[-1].amin(2).mean().item())


@pytest.mark.slow
def test_members_become_what_they_would_alone(library: Path):
    configs = [rolling(f"seed={seed}", f"optimizer.lr={lr}", "steps=12") for seed, lr in ((0, 0.01), (1, 0.003))]
    together = fieldlab.fit([c.copy() for c in configs])
    images = [np.load(Path(c.folder) / "images.npy") for c in configs]
    for config, result, image in zip(configs, together, images, strict=True):
        [alone] = fieldlab.fit([config])
        assert result.members == 2
        np.testing.assert_allclose(np.load(Path(config.folder) / "images.npy"), image, atol=2e-4)
        assert alone.scores["goal_loss"] == pytest.approx(result.scores["goal_loss"], rel=1e-3)


@pytest.mark.slow
def test_a_killed_roll_goes_on(library: Path, monkeypatch: pytest.MonkeyPatch):
    whole, cut = (rolling("task.scores=6", f"study={s}", "checkpoint_minutes=0") for s in ("whole", "cut"))
    fieldlab.fit([whole])
    measure = RollModule.measure

    def stop(self: RollModule, *, whole: bool):
        if len(self.frames) == 4:
            raise KeyboardInterrupt
        return measure(self, whole=whole)

    with monkeypatch.context() as patch:
        patch.setattr(RollModule, "measure", stop)
        with pytest.raises(KeyboardInterrupt):
            fieldlab.fit([cut])
    assert (Path(cut.folder) / "checkpoint.pt").exists()
    fieldlab.fit([cut])
    left, right = (np.load(Path(c.folder) / "images.npy") for c in (whole, cut))
    np.testing.assert_allclose(left, right, atol=1e-5)
    assert Image.open(Path(cut.folder) / "progress.gif").n_frames == 7  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_collage_comes_closer_to_its_target(library: Path):
    config = rolling("goal=collage", "goal.cells=4", "goal.towards.target=skimage:astronaut.png")
    [result] = fieldlab.fit([config])
    losses = [point["goal_loss"] for point in result.curve]
    assert losses[-1] < losses[0]
    names = sorted(path.name for path in (Path(config.folder) / "images").iterdir())
    assert names == ["000-collage.png", "001-part-of-coffee.png", "002-part-of-cat.png"]
    assert load_file(Path(config.folder) / "warp.safetensors")["goal.masks"].shape == (1, 2, 4, 4)


@pytest.mark.slow
def test_a_classifier_is_led_astray(library: Path):
    model = [
        "classifier@goal.model=checkpoint", "goal.model.network={_target_: seen_networks.Small}", "goal.model.size=[16,16]"
    ]  # fmt: skip
    config = rolling("goal=adversarial", *model, "shift_init=zero", "optimizer.lr=0.02")
    [result] = fieldlab.fit([config])
    losses = [point["goal_loss"] for point in result.curve]
    assert losses[-1] < losses[0]
    assert "probability" in pd.read_csv(Path(config.folder) / "images.csv")


@pytest.mark.quick(1)
@pytest.mark.parametrize("named", ["library=runs/library", "library=FIT"])
def test_a_folder_of_fits_is_rolled(library: Path, named: str):
    [fit] = library.glob("siren_small-cat-*")
    config = rolling(named.replace("FIT", str(fit)))
    [result] = fieldlab.fit([config])
    assert result.field == "siren_small"
    assert result.signal == f"{'library' if 'runs' in named else fit.name} recover"
    assert config.field == {"name": "siren_small"}
    assert "cat/shift_rows" in result.scores
    assert ("coffee/shift_rows" in result.scores) == ("runs" in named)
    again = rolling(named.replace("FIT", str(fit)))
    assert again.folder == config.folder
    (fit / "weights.safetensors").write_bytes((fit / "weights.safetensors").read_bytes() + b" ")
    assert rolling(named.replace("FIT", str(fit))).folder != config.folder


@pytest.mark.slow
def test_the_hash_covers_what_is_rolled_and_not_where_it_is_kept(clean_folder: Path):
    Image.new("RGB", (20, 20), "red").save("a.png")
    names = {
        rolling(*overrides).folder
        for overrides in (
            [], ["warp.wrap.delta=0.1", "warp=smooth_sawtooth"], ["goal.shifts=[[1,1]]"], ["memorise.steps=3"],
            ["shift_init.tries=2"], ["++photos.cat=skimage:brick.png"], ["goal=match", "goal.target=a.png"],
            ["memorise.signal.size=20"], ["field.network.width=16"],
        )
    }  # fmt: skip
    assert len(names) == 9
    assert rolling("memorise.study=elsewhere").folder in names
    Image.new("RGB", (20, 20), "blue").save("a.png")
    assert rolling("goal=match", "goal.target=a.png").folder not in names


@pytest.mark.slow
def test_what_is_there_already_is_memorised_no_more(library: Path, capsys: pytest.CaptureFixture[str]):
    [fit] = library.glob("siren_small-cat-*")
    shutil.rmtree(fit)
    [result] = fieldlab.fit([rolling("steps=1", "task.scores=1")])
    assert result.status == "finished"
    out = capsys.readouterr().out
    assert "memorised siren_small cat" in out
    assert "memorised siren_small coffee" not in out


@pytest.mark.slow
def test_shifts_are_looked_for_on_both_sides_where_nothing_repeats(library: Path):
    found = scores("warp=none", "goal.shifts=[[0,-4]]", "goal.region=[0,0,16,10]", "shift_init=grid")
    assert found["cat/shift_columns"] == pytest.approx(-4, abs=0.5)


def test_the_order_of_moves_counts(clean_folder: Path):
    one, other = (rolling(f"warp/moves=[{moves}]") for moves in ("shift,rotation", "rotation,shift"))
    assert one.folder != other.folder


def test_a_librarys_pictures_count_and_not_what_else_its_fits_say(clean_folder: Path):
    Image.new("RGB", (16, 16), "red").save("a.png")
    fit = fieldlab.compose("signal=image", "signal.path=a.png", "signal.size=16", "field.network.width=8", "split=all", "steps=1", "study=mine", "trainer=cpu", "logger=none")  # fmt: skip
    fieldlab.fit([fit])
    before = rolling("library=runs/mine").folder
    file = Path(fit.folder) / "result.json"
    result = json.loads(file.read_text())
    file.write_text(json.dumps({**result, "seconds": 9, "config": {**result["config"], "study": "other"}}))
    assert rolling("library=runs/mine").folder == before
    Image.new("RGB", (16, 16), "blue").save("a.png")
    assert rolling("library=runs/mine").folder != before


@pytest.mark.slow
def test_what_cannot_be_memorised_fails_the_roll_that_needs_it(clean_folder: Path):
    [result] = fieldlab.fit([rolling("memorise.optimizer.lr=1e30", "memorise.steps=20")])
    assert result.status == "failed"
    assert result.error is not None
    assert "memorise: the fit of coffee in runs/library/" in result.error
    assert "diverged at step" in result.error


@pytest.mark.slow
def test_a_sweep_of_rolls_has_a_report_with_films(command: Command):
    arguments = [o for o in ROLLING if not o.startswith("steps")]
    code, out, error = command("-m", *arguments, "steps=3", "warp=floor,smooth_sawtooth", "seed=0,1")
    assert code == 0, error
    study = Path("runs/roll")
    assert (study / "figure.png").exists()
    page = (study / "report.html").read_text()
    assert "data:image/gif;base64" in page
    assert "rolled PSNR" in out
    plan = json.loads((study / "plan.json").read_text())
    assert len(plan["fits"]) == 4
    assert "warp=floor,smooth_sawtooth" in plan["commands"][0]
    assert len(list(Path("runs/library").glob("*/result.json"))) == 2


@pytest.mark.quick(8)
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["warp=smooth_sawtooth", "warp.wrap.delta=1.5"], "warp.wrap: delta must be between 0 and 1, not 1.5"),
        (["warp=smooth_sawtooth", "warp.wrap.delta=0"], "warp.wrap: delta must be between 0 and 1, not 0"),
        (["library=empty"], "library: there are no finished fits in empty; make some with fieldlab -m signal=image"),
        (["library=runs/mixed"], "channels, and are rolled together"),
        (["library=runs/sounds"], "is no fit of a picture: sound"),
        (["goal=adversarial", "classifier@goal.model=checkpoint", "goal.model.network={_target_: seen_networks.Small, side: 16}", "goal.model.size=[16,16]", "memorise.signal.size=20"], "goal.model: Small does not take pictures of 20 x 20"),
        (["goal=match"], "goal.target: needs a value, for example goal.target=…"),
        (["goal=match", "goal.target=none.png"], "goal.target: there is no file none.png"),
        (["warp=none", "warp/moves=[rotation]"], "task: none of the moves is a shift to begin with"),
        *slow(
        (["memorise.steps=abc"], "memorise.steps: 'abc' should be a whole number"),
        (["memorise.seed=null"], "memorise.seed: "),
        (["+photos.p=3"], "photos.p: 3 should be the path of a picture"),
        (["warp/moves=[affine,shift]"], "warp.moves: two moves would both learn shift columns, shift rows"),
        (["goal=collage", "goal.towards.target=none.png"], "goal.towards.target: there is no file none.png"),
        (["goal=adversarial", "classifier@goal.model=checkpoint", "goal.model.network={_target_: seen_networks.Small}", "goal.model.path=none.pt"], "goal.model.path: there is no file none.pt"),
        (["library=runs/roll"], "is no fit of a picture"),
        (["memorise.steps=0"], "memorise.steps: 0 is too few"),
        (["field.network.width=0"], "field.network: width"),
        (["library=none"], "library: there are no finished fits in none"),
        (["memorise.signal.channels=grey", "goal=adversarial", "classifier@goal.model=checkpoint", "goal.model.network={_target_: seen_networks.Small}", "goal.model.size=[16,16]"], "goal.model: Small sees 3 channel(s), and the pictures have 1"),
        (["goal.region=[0,0,99,9]"], "goal.region: [0, 0, 99, 9] should be [TOP, LEFT, BOTTOM, RIGHT]"),
        (["goal.shifts=[]"], "goal: shifts must be pairs [ROWS, COLUMNS] of at most 1e+06 pixels, not []"),
        (["signal=camera"], "signal: belongs to task=fit and task=inverse and task=kernel and task=surface; this is task=roll"),
        (["shift_init.tries=99"], "shift_init: cells must be at least 1, and their square no less than tries (99), not 8"),
        (["task.batch_size=0"], "task: batch_size must be at least 1, or null for all pixels, not 0"),
        (["+photos.dog=none.png"], "photos.dog: there is no file none.png"),
        (["compile=true"], "compile: networks that are only looked into, or read, are not compiled"),
        (["warp=floor", "model=texture"], "model: belongs to task=visualize; this is task=roll"),
        (["memorise.signal.alignment=corners"], "has alignment=corners; rolls need pixels at their centers"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value)[:50],
)  # fmt: skip
def test_bad_input_is_one_line(
    command: Command, clean_folder: Path, library: Path, overrides: list[str], message: str
):
    (clean_folder / "empty").mkdir()
    others(overrides)
    given = {override.partition("=")[0] for override in overrides}
    left_out = {"goal.shifts"} if any(o.startswith("goal=") for o in overrides) else set()
    if "library" in given:
        left_out |= {o.partition("=")[0] for o in ROLLING if o.startswith(("memorise", "field", "photos", "+photos"))}
    before = set(clean_folder.rglob("*"))
    code, _, error = command(*(o for o in ROLLING if o.partition("=")[0] not in given | left_out), *overrides)
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert set(clean_folder.rglob("*")) == before


def others(overrides: list[str]) -> None:
    """Fits that cannot be rolled together, or at all."""
    if "library=runs/mixed" in overrides:
        for channels in ("grey", "rgb"):
            fieldlab.fit([
                fieldlab.compose("signal=coffee", f"signal.channels={channels}", "signal.size=16", "field.network.width=8", "split=all", "steps=1", "study=mixed", "trainer=cpu", "logger=none")
            ])  # fmt: skip
    if "library=runs/roll" in overrides:
        fieldlab.fit([rolling("steps=1", "task.scores=1")])
    if "library=runs/sounds" in overrides:
        np.save("sound.npy", np.sin(np.linspace(0, 9, 64)))
        fieldlab.fit([
            fieldlab.compose("signal=array", "signal.path=sound.npy", "split=all", "field.network.width=8", "steps=1", "study=sounds", "trainer=cpu", "logger=none")
        ])  # fmt: skip


@pytest.mark.parametrize(
    "stray", ["memorise.steps=50", "goal.region=[1,2,3,4]", "warp.wrap.delta=0.1", "shift_init.tries=2"]
)
def test_settings_of_a_roll_without_one_are_told(command: Command, stray: str):
    code, _, error = command(stray)
    assert (code, error) == (2, f"fieldlab: {stray.partition('=')[0]}: belongs to task=roll; add task=roll\n")


def test_what_belongs_to_a_roll_is_no_part_of_a_fit(command: Command):
    assert "goal: belongs to task=roll; add task=roll" in command("goal=recover", "signal.size=16")[2]
    assert "library: belongs to task=roll; add task=roll" in command("library=x", "signal.size=16")[2]


def test_pixels_are_drawn_with_replacement_by_each_member_itself():
    from fieldlab.tasks.roll.pixels import PixelBatches

    places = PixelBatches([0, 1], pixels=torch.tensor([3, 5, 8]), batch_size=64, steps=4, scores=1)
    places.to(torch.device("cpu"), 0, 1)
    first, second = places.batches(2)
    assert first.shape == (2, 64)
    assert set(first.unique().tolist()) == {3, 5, 8}
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, second)
    alone = PixelBatches([1], pixels=torch.tensor([3, 5, 8]), batch_size=64, steps=4, scores=1)
    alone.to(torch.device("cpu"), 0, 1)
    assert torch.equal(next(alone.batches(1))[0], first[1])
