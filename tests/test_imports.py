"""A torchvision that was built for another torch disturbs no fit, and is told where it is needed."""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import torch

from fieldlab import imports
from fieldlab.classifiers.pretrained import import_package
from fieldlab.errors import InputError
from fieldlab.imports import Torchvision

BROKEN = 'raise RuntimeError("operator torchvision::nms does not exist")'


def install(folder: Path, text: str) -> None:
    """A torchvision of this text, as importers and those who ask for its version find it."""
    (folder / "torchvision").mkdir(parents=True)
    (folder / "torchvision/__init__.py").write_text(text)
    (folder / "torchvision-0.28.0.dist-info").mkdir()
    about = "Metadata-Version: 2.1\nName: torchvision\nVersion: 0.28.0\n"
    (folder / "torchvision-0.28.0.dist-info/METADATA").write_text(about)


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> Torchvision:
    """In the place of that which is there since fieldlab was imported."""
    found = Torchvision()
    monkeypatch.setattr(sys, "meta_path", [found, *(f for f in sys.meta_path if f is not imports.TORCHVISION)])
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr("fieldlab.classifiers.pretrained.TORCHVISION", found)
    return found


def test_what_cannot_be_imported_counts_as_not_installed(
    clean_folder: Path, monkeypatch: pytest.MonkeyPatch, finder: Torchvision
):
    install(clean_folder, BROKEN)
    monkeypatch.syspath_prepend(clean_folder)
    with pytest.raises(PackageNotFoundError):
        version("torchvision")
    build = torch.__version__.partition("+")[2]
    pair = f"pip install torch=={version('torch')} torchvision"
    with pytest.raises(ModuleNotFoundError) as told:
        import_module("torchvision")
    line = str(told.value)
    assert line.startswith("torchvision 0.28.0 does not work with torch ")
    assert "(operator torchvision::nms does not exist)" in line
    assert pair in line
    assert line.endswith(f"/{build}") == bool(build)
    assert "\n" not in line
    for package in ("torchvision", "timm"):
        with pytest.raises(InputError, match=r"^model: torchvision 0\.28\.0 does not work with torch"):
            import_package(package)
    assert version("numpy")


def test_what_can_be_imported_is_left_alone(clean_folder: Path, monkeypatch: pytest.MonkeyPatch, finder: Torchvision):
    install(clean_folder, "models = 3")
    monkeypatch.syspath_prepend(clean_folder)
    assert version("torchvision") == "0.28.0"
    assert import_package("torchvision").models == 3
    assert finder.find_fault() == ""


def test_what_is_not_installed_has_no_fault(monkeypatch: pytest.MonkeyPatch, finder: Torchvision):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert finder.find_fault() == ""


@pytest.mark.slow
def test_fits_go_on_without_a_torchvision_that_cannot_be_imported(clean_folder: Path, installed: Callable):
    install(clean_folder / "packages", BROKEN)
    path = str(clean_folder / "packages")
    small = ("signal.size=16", "field.network.width=16", "steps=2", "logger=none")
    done = installed("fieldlab", *small, cwd=clean_folder, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert "dB" in done.stdout
    told = installed(
        "fieldlab", "task=visualize", "model=torchvision", "logger=none", cwd=clean_folder, PYTHONPATH=path
    )
    assert told.returncode == 2
    assert told.stderr.startswith("fieldlab: model: torchvision 0.28.0 does not work with torch")
    assert told.stderr.count("\n") == 1
