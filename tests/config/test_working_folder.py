"""A user's own modules and configuration files lie in the working folder, for every command and for Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Command, compose_small

ENCODING = """
from torch import nn
class Squares(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.features = 2 * dim
    def forward(self, x):
        import own_helper
        return own_helper.join(x, x**2)
"""
HELPER = "import torch\ndef join(*parts):\n    return torch.cat(parts, -1)\n"
NETWORK = "from torch import nn\ndef net():\n    return nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())\n"
FIGURE = "def draw(file, folder, results, *, photos):\n    file.write_bytes(b'drawn here')\n    return None\n"


@pytest.fixture
def own_modules(clean_folder: Path) -> Path:
    """Modules of a user's own; this process does not know the folder as importable."""
    for name, text in {
        "own_squares": ENCODING,
        "own_helper": HELPER,
        "own_net": NETWORK,
        "own_figure": FIGURE,
    }.items():
        Path(f"{name}.py").write_text(text)
    return clean_folder


@pytest.mark.slow
def test_own_modules_are_found_by_every_command(own_modules: Path, installed):
    part = ("field/encoding=identity", "field.encoding._target_=own_squares.Squares")
    small = ("signal.size=32", "field.network.width=16", "steps=2", "task.scores=1", "trainer=cpu", "logger=none")
    done = installed("fieldlab", "-m", *small, *part, "study=mine", "figure=own_figure.draw", cwd=own_modules)
    assert done.returncode == 0, done.stderr
    [folder] = {file.parent for file in Path("runs/mine").glob("*/result.json")}
    asked = installed("fieldlab-query", str(folder), "--at", "3,4", cwd=own_modules)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout.startswith("3,4: ")
    Path("runs/mine/figure.png").unlink()
    assert installed("fieldlab-report", "runs/mine", cwd=own_modules).returncode == 0
    assert Path("runs/mine/figure.png").read_bytes() == b"drawn here"
    model = ("task=visualize", "model=checkpoint", "model.network={_target_: own_net.net}", "model.size=[16,16]")
    listed = installed("fieldlab-layers", *model, cwd=own_modules)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "Conv2d" in listed.stdout


@pytest.mark.slow
def test_own_modules_are_found_from_python(own_modules: Path):
    """A script that lies elsewhere than where it is started, as notebooks' kernels do."""
    (own_modules / "elsewhere").mkdir()
    script = own_modules / "elsewhere/script.py"
    script.write_text(
        "import fieldlab\nfrom fieldlab.field import build_field\nimport torch\n"
        "config = fieldlab.compose('field/encoding=identity', 'field.encoding._target_=own_squares.Squares')\n"
        "print(build_field(config.field, dim=2, channels=1)(torch.zeros(3, 2)).shape)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=own_modules)
    assert "torch.Size([3, 1])" in done.stdout, done.stderr


def test_files_that_take_the_place_of_ours_are_named(command: Command, caplog: pytest.LogCaptureFixture):
    Path("conf/optimizer").mkdir(parents=True)
    Path("conf/optimizer/adam.yaml").write_text("_target_: torch.optim.Adam\nlr: ${rate}\n")
    Path("conf/optimizer/mine.yaml").write_text("lr: 1\n")
    code, _, error = command("signal.size=32", "optimizer=adam")
    assert code == 2
    assert [message.partition("conf: ")[2] for message in caplog.messages] == [
        "optimizer/adam.yaml taken instead of fieldlab's own"
    ]
    assert error == "fieldlab: optimizer.lr: Interpolation key 'rate' not found\n"


def test_files_of_other_names_are_not_mentioned(caplog: pytest.LogCaptureFixture):
    Path("conf/optimizer").mkdir(parents=True)
    Path("conf/optimizer/mine.yaml").write_text("lr: 1\n")
    compose_small()
    assert caplog.text == ""
