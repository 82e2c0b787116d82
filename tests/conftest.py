"""Shapes and types are checked while testing; fixtures compose the real configuration, made small."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from jaxtyping import install_import_hook

install_import_hook("fieldlab", "typecheck.checked")  # before anything of fieldlab is imported

import pytest  # noqa: E402
import torch  # noqa: E402
from omegaconf import DictConfig  # noqa: E402

import fieldlab  # noqa: E402

torch.set_num_threads(1)  # tests run side by side

SMALL = ("signal.size=32", "field.network.width=64", "steps=2", "task.scores=1", "task.bf16_until=0", "trainer=cpu")
SEEING = (
    "task=visualize", "model=checkpoint", "model.network={_target_: seen_networks.Small}", "model.size=[16,16]", "canvas.size=16",
    "photos={brick: 'skimage:brick.png', grass: 'skimage:grass.png'}", "task.patches=4", "task.draws=2", "task.scores=2",
    "task.leaky_steps=2", "transforms=none", "objective=logits:[0,1,2]", "steps=12", "trainer=cpu", "logger=none",
    "task.held_out={jitter: {_target_: fieldlab.tasks.visualize.transforms.jitter.Jitter, pixels: 2}}",
)  # fmt: skip
PHOTOS = ("photos=own", "+photos.coffee=skimage:coffee.png", "+photos.cat=skimage:chelsea.png")
ROLLING = (
    "task=roll", *PHOTOS, "memorise.signal.size=16", "memorise.steps=200", "memorise.task.batch_size=null", "memorise.task.scores=1",
    "field.network.width=32", "field.network.first_omega_0=10", "steps=60", "task.scores=3", "task.batch_size=64", "goal.shifts=[[3,-2]]", "trainer=cpu", "logger=none",
)  # fmt: skip
CONF = Path(__file__).parents[1] / "conf"
Said = Callable[[], list[str]]
Command = Callable[..., tuple[int, str, str]]


def options(group: str) -> list[str]:
    """The files of a configuration group."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def slow(*cases: object) -> list[Any]:
    """Further cases of a parametrised test, for the slow suite."""
    return [pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow) for case in cases]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked quick(n), n cases that are spread over it are in the quick suite; the others are slow."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("quick") and not item.get_closest_marker("slow"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for same in cases.values():
        [count] = same[0].get_closest_marker("quick").args
        chosen = {i * len(same) // count for i in range(count)}
        for i, item in enumerate(same):
            if i not in chosen:
                item.add_marker("slow")


@pytest.fixture(autouse=True)
def clean_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Each test works in a folder of its own, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("FIELDLAB_DEBUG", raising=False)
    monkeypatch.delenv("FIELDLAB_CONF", raising=False)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    torch.manual_seed(0)
    before = set(sys.modules)
    yield tmp_path
    for name in sys.modules.keys() - before:
        module = sys.modules[name]
        if module and str(vars(module).get("__file__")).startswith(str(tmp_path)):  # None: kept from being imported
            del sys.modules[name]


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Said:
    """The lines that were said so far while a test runs."""
    from fieldlab.notices import say_once

    say_once.cache_clear()
    caplog.set_level(logging.WARNING, "fieldlab")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "fieldlab"]


def compose_small(*overrides: str) -> DictConfig:
    """A configuration that fits a small network to a 32 x 32 photo for two steps, with further overrides."""
    return fieldlab.compose(*SMALL, *overrides)


def seeing(*overrides: str) -> DictConfig:
    """A visualisation of a small network, of 16 x 16 pixels for a few steps, with further overrides."""
    given = {override.partition("=")[0] for override in overrides}
    return fieldlab.compose(*(o for o in SEEING if o.partition("=")[0] not in given), *overrides)


def rolling(*overrides: str) -> DictConfig:
    """A roll of two photos of 16 x 16 pixels, with further overrides."""
    given = {override.partition("=")[0] for override in overrides}
    left_out = {"goal.shifts"} if any(o.startswith("goal=") for o in overrides) else set()
    if "library" in given:
        left_out |= {o.partition("=")[0] for o in ROLLING if o.startswith(("memorise", "field", "photos", "+photos"))}
    return fieldlab.compose(*(o for o in ROLLING if o.partition("=")[0] not in given | left_out), *overrides)


def build_member(config: DictConfig) -> Any:
    """What a configuration describes, built."""
    from fieldlab.config.compose import settle
    from fieldlab.runs.task import make_task

    plain = settle(config)
    return make_task(plain).build(plain)


def assemble(members: Sequence[Any]) -> Any:
    """What trains these members together, and what runs it."""
    from fieldlab.runs.computation import Watchers
    from fieldlab.runs.task import make_task

    training: Any = make_task(members[0].config).compute(members, Watchers())
    return training.module, training


def make_module(config: DictConfig) -> Any:
    """What trains what a configuration describes, its samples on the CPU."""
    module, _ = assemble([build_member(config)])
    module.samples.to(torch.device("cpu"), 0, 1)
    return module


@pytest.fixture(scope="module")
def coarse_shapes() -> Iterator[None]:
    """Pictures of shapes from few points, and a knot of few triangles."""
    from fieldlab.geometry import knot
    from fieldlab.tasks.surface import pictures

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "SPLATS", 20_000)
        patch.setattr(knot, "ALONG", 256)
        patch.setattr(knot, "AROUND", 16)
        yield


@pytest.fixture
def small() -> Callable[..., DictConfig]:
    return compose_small


@pytest.fixture
def script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str, Callable[[], None]], Command]:
    """Run a console script in this process: its exit code, output and error output."""

    def bind(name: str, main: Callable[[], None]) -> Command:
        def run(*arguments: str) -> tuple[int, str, str]:
            monkeypatch.setattr(sys, "argv", [name, *arguments])
            monkeypatch.setattr(sys, "path", [*sys.path])
            with pytest.raises(SystemExit) as stop:
                main()
            code = stop.value.code
            return (code if isinstance(code, int) else 0), *capsys.readouterr()

        return run

    return bind


@pytest.fixture
def command(script: Callable[[str, Callable[[], None]], Command]) -> Command:
    """Run `fieldlab ARGUMENTS`."""
    from fieldlab.cli import run as cli

    return script("fieldlab", cli.main)


@pytest.fixture
def ask(script: Callable[[str, Callable[[], None]], Command]) -> Command:
    """Run `fieldlab-query ARGUMENTS`."""
    from fieldlab.cli import query as cli

    return script("fieldlab-query", cli.main)


@pytest.fixture(scope="session")
def installed() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run an installed console script as a user does, in a process of its own."""
    folder = Path(sys.executable).parent

    def run(name: str, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        script = shutil.which(name, path=str(folder)) or pytest.fail(
            f"{name} is not installed beside {sys.executable}"
        )
        return subprocess.run(
            [script, *arguments],
            cwd=cwd,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run
