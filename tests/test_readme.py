"""The code blocks of README and tour run: commands on small pictures and few steps, Python as it stands."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import skimage
import trimesh
from PIL import Image
from scipy.io import wavfile

import fieldlab.colors
import fieldlab.layers
import fieldlab.query.cli
import fieldlab.report.cli
from conftest import Command

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
TOUR = (ROOT / "docs/tour.md").read_text()
FEW_STEPS = (
    "compile=false",  # shapes are not checked inside a compiled graph: test_compile.py
    "steps=2",
    "task.scores=1",
    "trainer=cpu",
)
FEW_PATCHES = (
    "canvas.size=16",
    "task.patches=1",
    *(f"model.{of}{key}=1" for of in ("", "judge.") for key in ("crops", "epochs")),
)
CLIS = {
    "fieldlab-report": fieldlab.report.cli.main,
    "fieldlab-query": fieldlab.query.cli.main,
    "fieldlab-layers": fieldlab.layers.main,
    "fieldlab-colors": fieldlab.colors.main,
}


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[str]:
    lines = [line.split("  #")[0].strip() for block in blocks("bash", text) for line in block.splitlines()]
    elsewhere = (
        "trainer.devices=2",
        "--mesh",
        "=features",
        "=rolling",
    )  # run by other tests, and many fits of what is run here
    return [line for line in lines if line and not any(word in line for word in elsewhere)]


def own_files(folder: Path) -> None:
    """What the README's reader has: a photo, a sound, and the two files it tells them to write."""
    for name in ("photo", "a", "b"):
        pixels = np.random.default_rng(0).integers(0, 255, (50, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    (folder / "photos").mkdir()
    for name in ("a", "b"):
        shutil.copyfile(
            Path(skimage.__file__).parent / "data" / {"a": "coffee.png", "b": "chelsea.png"}[name],
            folder / f"photos/{name}.png",
        )
    wavfile.write(folder / "voice.wav", 8000, np.sin(np.linspace(0, 50, 400), dtype=np.float32))
    frames = [Image.new("L", (20, 20), shade) for shade in (0, 90, 180)]
    frames[0].save(folder / "film.gif", save_all=True, append_images=frames[1:])
    np.save(folder / "sound.npy", np.sin(np.linspace(0, 50, 400)))
    trimesh.creation.icosphere(subdivisions=3).export(folder / "bunny.ply")
    for name, block in re.findall(r"`([\w/]+\.(?:py|yaml))`[^\n]*\n\n```\w+\n(.*?)```", README, re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(block)


@pytest.mark.slow
@pytest.mark.parametrize("text", [README, TOUR], ids=["readme", "tour"])
def test_every_command_runs(command: Command, clean_folder: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    own_files(clean_folder)
    monkeypatch.setenv("FIELDLAB_CACHE", str(clean_folder / "cache"))
    assert (clean_folder / "mymodule.py").exists()
    assert (clean_folder / "conf/field/encoding/triangle.yaml").exists()
    for line in commands(text):
        program, *arguments = shlex.split(line)
        if program == "fieldlab":
            size = () if {"signal=array", "signal=sound"} & {*arguments} else ("signal.size=16",)
            size = ("signal.size=[16,16]",) if "signal=formula" in arguments else size
            shape = any(
                word in line for word in ("torus_knot", "signal=cloud", "experiment=shapes", "experiment=meshes")
            )
            size = ("signal.points=500", "task.resolution=64", "task.compared=500") if shape else size
            size = FEW_PATCHES if "visualize" in line else size
            size = ("memorise.signal.size=16", "memorise.steps=2") if "task=roll" in line else size
            size = (*size, "goal.model.crops=1", "goal.model.epochs=1") if "adversarial" in line else size
            search = ("hydra.sweeper.trials=2",) if "tune" in line or "optuna" in line else ()
            quick = () if "--help" in arguments else (*FEW_STEPS, *size, *search)
            code, _, err = command(*arguments, *quick)
            assert code == 0, f"{line}: {err}"
        elif program in ("fieldlab-layers", "fieldlab-colors"):
            other_command(monkeypatch, program, arguments)
        elif program in CLIS:
            of_shape = "-0.3" in line
            fits = sorted(file.parent for file in Path("runs/fit").glob("*/result.json"))
            folder = next(str(fit) for fit in fits if ("torus_knot" in fit.name) == of_shape)
            other_command(monkeypatch, program, [folder if word == "FOLDER" else word for word in arguments])
        else:
            assert os.access(ROOT / program, os.X_OK), line
            subprocess.run(["bash", "-n", ROOT / program], check=True)
    assert (clean_folder / "experiments/mine/README.md").exists() == ("experiments/mine" in text)


def other_command(monkeypatch: pytest.MonkeyPatch, program: str, arguments: list[str]) -> None:
    monkeypatch.setattr("sys.argv", [program, *arguments])
    with pytest.raises(SystemExit) as stop:
        CLIS[program]()
    assert stop.value.code == 0, arguments


@pytest.mark.slow
def test_every_study_it_names_composes(command: Command):
    for study in re.findall(r"experiment=(\w+)", README + TOUR):
        assert (ROOT / "conf/experiment" / f"{study}.yaml").exists()
        assert (ROOT / "experiments" / study / "README.md").exists()
        assert command(f"experiment={study}", "--cfg", "job")[0] == 0


@pytest.mark.slow
def test_the_python_runs(capsys: pytest.CaptureFixture[str]):
    shape = next(block for block in blocks("python", README) if "fieldlab.Shape" in block)
    exec(shape.replace('"logger=none"', '"logger=none", "trainer=cpu"'), {})
    assert capsys.readouterr().out.startswith("tensor([")
    fitting = next(block for block in blocks("python", README) if "coins" in block)
    asking = next(block for block in blocks("python", README) if "fieldlab.Query" in block)
    names: dict = {}
    exec(fitting.replace('"steps=100"', '"steps=2", "signal.size=16", "trainer=cpu"'), names)
    exec(asking, names)
    assert (tuple(names["values"].shape), names["zoom"].shape) == ((2, 1), (512, 512, 1))
    score, value = capsys.readouterr().out.strip().splitlines()[-2:]
    assert 0 < float(score) < 60
    rolling = next(block for block in blocks("python", README) if ".rolled(" in block)
    exec(rolling.replace('"signal.size=64", "steps=100"', '"signal.size=64", "steps=2", "trainer=cpu"'), names)
    assert names["pixels"].shape == (64, 64, 1)
    assert value.startswith("tensor([[")


def test_the_errors_it_shows_are_the_errors_one_gets(command: Command):
    shown = re.findall(r"\$ fieldlab (.*)\n(fieldlab: .*)\n", README)
    assert len(shown) == 2
    for arguments, message in shown:
        assert command(*shlex.split(arguments)) == (2, "", message + "\n")


@pytest.mark.parametrize("file", ["README.md", "docs/tour.md"])
def test_its_links_lead_somewhere(file: str):
    text = (ROOT / file).read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if not target.startswith("https://"):
            path, _, heading = target.partition("#")
            page = (ROOT / file).parent / path if path else ROOT / file
            assert page.exists(), target
            titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE) if heading else []
            assert not heading or heading in [re.sub(r"[^\w\- ]", "", t).lower().replace(" ", "-") for t in titles]


@pytest.mark.parametrize(
    ("text", "study", "rows"), [(README, "psnr_table", 5), (TOUR, "psnr_table", 5), (README, "features", 11)]
)
def test_its_table_is_the_committed_answer(text: str, study: str, rows: int):
    mark = {"psnr_table": "train PSNR", "features": "robust activation"}[study]
    answer = [set(cells(line)) for line in (ROOT / f"experiments/{study}/README.md").read_text().splitlines()]
    table = next(block for block in text.split("\n\n") if block.startswith("|") and mark in block.partition("\n")[0])
    ours = [cells(line) for line in table.splitlines()[2:]]
    assert len(ours) == rows
    for row in ours:
        assert any(set(row) <= theirs for theirs in answer), row


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
