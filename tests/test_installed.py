"""The installed commands, in processes of their own, from a folder of a user's own."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import fieldlab

Installed = Callable[..., subprocess.CompletedProcess[str]]

ENCODING = '''
import torch
from torch import nn


class Triangle(nn.Module):
    """x -> distance to the nearest integer of 2^k x, k < waves."""

    def __init__(self, dim: int, *, waves: int) -> None:
        super().__init__()
        self.features = dim * waves
        self.register_buffer("octaves", 2.0 ** torch.arange(waves))

    def forward(self, x):
        phase = (x[..., None] * self.octaves).flatten(-2)
        return (phase - phase.round()).abs()
'''


@pytest.mark.slow
def test_adding_an_encoding_is_a_file_and_a_yaml(installed: Installed, clean_folder: Path):
    (clean_folder / "mymodule.py").write_text(ENCODING)
    (clean_folder / "conf/field/encoding").mkdir(parents=True)
    (clean_folder / "conf/field/encoding/triangle.yaml").write_text("_target_: mymodule.Triangle\nwaves: 4\n")
    quick = ("signal.size=32", "steps=3", "trainer=cpu")
    done = installed("fieldlab", "field=relu", "field/encoding=triangle", *quick, cwd=clean_folder)
    assert done.returncode == 0, done.stderr
    folder = clean_folder / done.stdout.split()[-1]
    assert folder.name.startswith("triangle+relu-camera-s0-")
    assert json.loads((folder / "result.json").read_text())["config"]["field"]["encoding"]["waves"] == 4
    wrong = installed(
        "fieldlab", "field=relu", "field/encoding=triangle", "field.encoding.waves=x", *quick, cwd=clean_folder
    )
    assert (wrong.returncode, wrong.stderr) == (2, "fieldlab: field.encoding.waves: 'x' should be a whole number\n")


def test_completion_lists_fields(installed: Installed, clean_folder: Path):
    done = installed("fieldlab", "-sc", "query=bash", cwd=clean_folder, COMP_LINE="fieldlab field=s", COMP_POINT="16")
    assert done.returncode == 0
    assert "field=siren" in done.stdout


def test_help_and_completion_do_not_wait_for_torch():
    look = "import sys; import fieldlab.cli.run, hydra_plugins.fieldlab.launcher; print([m for m in ('torch', 'lightning', 'numpy', 'pandas', 'beartype') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_report_command(installed: Installed, clean_folder: Path):
    done = installed("fieldlab-report", "nowhere", cwd=clean_folder)
    assert (done.returncode, done.stderr) == (2, "fieldlab: nowhere: there is no such folder\n")


@pytest.mark.slow
def test_the_wheel_carries_configuration_and_plugins_and_works(tmp_path: Path, clean_folder: Path):
    root = Path(__file__).parents[1]
    source = tmp_path / "source"  # a copy: a build leaves its traces beside the project file
    for folder in ("src", "conf"):
        shutil.copytree(root / folder, source / folder, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / file, source)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        source,
    ]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("fieldlab-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    configuration = {f"fieldlab/conf/{file.relative_to(root / 'conf')}" for file in (root / "conf").rglob("*.yaml")}
    assert configuration <= names
    assert {
        "hydra_plugins/fieldlab/launcher.py",
        "fieldlab/cli/report.py",
        "fieldlab/runs/result.schema.json",
    } <= names
    install_and_fit(wheel, tmp_path / "venv", clean_folder)


def install_and_fit(wheel: Path, environment: Path, folder: Path) -> None:
    """The wheel in an environment of its own works from any folder; of this environment it sees the dependencies alone."""
    venv.create(environment, with_pip=False)
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))  # whose own .pth files are not read
    python = environment / "bin/python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", wheel]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    where = [python, "-c", "import fieldlab; print(fieldlab.__file__)"]
    found = subprocess.run(where, capture_output=True, text=True, cwd=folder)
    assert Path(found.stdout.strip()).is_relative_to(packages), found.stdout + found.stderr
    quick = ("signal.size=16", "steps=1", "trainer=cpu", "logger=none", "study=wheel")
    done = subprocess.run([environment / "bin/fieldlab", *quick], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    verify = [environment / "bin/fieldlab-report", "runs/wheel", "--verify"]
    done = subprocess.run(verify, capture_output=True, text=True, cwd=folder)
    assert (done.returncode, done.stdout) == (0, "1 run: 1 as evaluated anew, within 0.01 dB\n"), done.stderr


@pytest.mark.slow
def test_a_reader_who_has_had_enough_is_no_error(clean_folder: Path):
    """`fieldlab-report runs/fit | head`: quiet, as of any Unix command."""
    fieldlab.fit([fieldlab.compose("signal.size=16", "steps=1", "trainer=cpu", "logger=none")])
    reading, writing = os.pipe()
    os.close(reading)
    command = [Path(sys.executable).with_name("fieldlab-report"), "runs/fit"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
    assert Path("runs/fit/table.csv").exists()
