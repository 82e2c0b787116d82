"""Packs: their size, what happens where one raises, and that nobody fits in another's folder."""

import errno
import math
import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

import fieldlab
from conftest import Command
from fieldlab.config.compose import settle
from fieldlab.errors import InputError
from fieldlab.runs.check import Checks
from fieldlab.runs.lock import LOCK, claims
from fieldlab.runs.result import Result, read_result
from fieldlab.runs.trained import Training
from fieldlab.sweeps import packs
from fieldlab.sweeps.packs import compute, cut, find_interrupted, fit_pack, time_sizes
from fieldlab.tasks.fit import module
from fieldlab.tasks.fit.module import FitModule

Small = Callable[..., DictConfig]


def seeds(small: Small, count: int, *overrides: str) -> list[Any]:
    checks, config = Checks(), small("logger=none", *overrides)
    own = [{"seed": seed, "folder": f"runs/fit/siren-camera-s{seed}"} for seed in range(count)]
    return [checks.check(settle(OmegaConf.merge(config, each))) for each in own]  # type: ignore[arg-type]


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[int], float]], list[int]]]:
    """Let a step of m members take so many seconds; the sizes that were tried."""

    def use(seconds: Callable[[int], float]) -> list[int]:
        tried: list[int] = []

        def run(training: Training) -> None:
            tried.append(training.module.members)
            training.seconds = seconds(training.module.members)

        monkeypatch.setattr(Training, "run", run)
        return tried

    time_sizes.cache_clear()
    yield use
    time_sizes.cache_clear()


@pytest.mark.quick(1)
@pytest.mark.parametrize(
    ("seconds", "best", "tried"),
    [
        (lambda m: 1.0, 32, [1, 2, 4, 8, 16, 32]),  # a GPU with room: many cost no more than one
        (lambda m: m, 1, [1, 2]),  # nothing is gained
        (lambda m: 1.5 * m - 0.5, 1, [1, 2]),  # the cache overflows
        (lambda m: 1 + m / 8 if m <= 8 else 3 * m, 8, [1, 2, 4, 8, 16]),
    ],
)
def test_packs_grow_while_that_makes_a_step_cheaper(
    small: Small, costs: Callable, seconds: Any, best: int, tried: list
):
    counted = costs(seconds)
    fits = seeds(small, 40)
    assert packs.choose_size(fits) == best
    assert counted == tried
    assert packs.choose_size(fits) == best  # known by now
    assert counted == tried


@pytest.mark.slow
def test_packs_grow_no_further_than_memory(small: Small, costs: Callable):
    def seconds(m: int) -> float:
        if m > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 1.0

    costs(seconds)
    assert packs.choose_size(seeds(small, 40)) == 4


def test_timing_is_real_and_leaves_nothing_behind(small: Small):
    time_sizes.cache_clear()
    fits = seeds(small, 4, "field.network.width=8")
    assert packs.choose_size(fits) in (1, 2, 4)
    assert not Path("runs").exists()


@given(st.integers(1, 50), st.integers(1, 60))
def test_parts_are_as_equal_as_can_be(count: int, size: int):
    parts = cut(list(range(count)), size)
    assert [i for part in parts for i in part] == list(range(count))
    assert max(map(len, parts)) <= size
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert len(parts) == math.ceil(count / size)


@pytest.mark.slow
def test_packed_is_what_each_would_have_been_alone(command: Command):
    quick = [
        "optimizer=adam",
        "signal.size=32",
        "steps=150",
        "task.scores=1",
        "trainer=cpu",
        "logger=none",
        "field.network.width=64",
        "task.bf16_until=0",
    ]
    sweep = ["field=siren,gaussian", "seed=range(3)", "task.batch_size=100"]
    for study, members in (("alone", 1), ("packed", 3)):
        assert command("-m", *quick, *sweep, f"study={study}", f"hydra.launcher.members={members}")[0] == 0
    for folder in Path("runs/alone").glob("*/"):
        alone, packed = (read_result(Path(f"runs/{study}/{folder.name}")) for study in ("alone", "packed"))
        for part in ("train", "test", "full"):
            assert packed.scores[f"{part}_psnr"] == pytest.approx(alone.scores[f"{part}_psnr"], abs=0.05)
        assert alone.scores["train_psnr"] > 20  # type: ignore[operator]


def result(fit: Any) -> Result:
    return Result("finished", "fit", "siren", "camera", fit.config["seed"], 1, config={"folder": str(fit.folder)})


@pytest.mark.slow
def test_only_the_fit_at_fault_fails(small: Small, caplog: pytest.LogCaptureFixture):
    fits = seeds(small, 9)
    for fit in fits:
        fit.folder.mkdir(parents=True)

    def work(part: Any) -> dict[Path, Result]:
        if any(fit.config["seed"] == 5 for fit in part):
            raise RuntimeError("seed 5 is cursed")
        return {fit.folder: result(fit) for fit in part}

    ends = compute([fits], work)
    assert {r.seed: r.status for r in ends.values()} == {s: "failed" if s == 5 else "finished" for s in range(9)}
    assert read_result(fits[5].folder).error == "RuntimeError: seed 5 is cursed"
    assert "9 fits together: seed 5 is cursed; trying 5" in caplog.text


@pytest.mark.quick(1)
@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_pack_that_is_too_large_is_halved_and_so_are_the_next(small: Small, error: Exception):
    fits = seeds(small, 24)
    tried = []

    def work(part: Any) -> dict[Path, Result]:
        tried.append(len(part))
        if len(part) > 3:
            raise error
        return {fit.folder: result(fit) for fit in part}

    ends = compute([fits[:12], fits[12:]], work)
    assert len(ends) == 24
    assert tried == [12, 6, *[3] * 8]


@pytest.mark.slow
def test_a_member_that_raises_in_training_fails_alone(small: Small, monkeypatch: pytest.MonkeyPatch):
    whole = FitModule.training_step

    def cursed(self: FitModule, chunk: Any, number: int) -> None:
        whole(self, chunk, number)
        if 2 in self.samples.seeds:
            raise RuntimeError("cursed")

    monkeypatch.setattr(FitModule, "training_step", cursed)
    fits = seeds(small, 4)
    ends = fit_pack(fits, 4)
    assert [ends[fit.folder].status for fit in fits] == ["finished", "finished", "failed", "finished"]
    assert not (fits[2].folder / "weights.safetensors").exists()
    assert (fits[0].folder / "weights.safetensors").exists()


def full(*arguments: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.slow
def test_a_disk_that_is_full_for_one_costs_that_one(command: Command, monkeypatch: pytest.MonkeyPatch):
    whole = module.save_reconstruction
    monkeypatch.setattr(
        module,
        "save_reconstruction",
        lambda folder, *rest: full() if "-s1-" in folder.name else whole(folder, *rest),
    )
    quick = ["signal.size=32", "steps=2", "task.scores=1", "trainer=cpu", "logger=none"]
    code, out, _ = command("-m", *quick, "seed=0,1,2", "hydra.launcher.members=3")
    assert code == 1
    assert "siren camera s1: failed (OSError: [Errno 28] No space left on device)" in out
    assert out.count(": PSNR train") == 2
    [folder] = Path("runs/fit").glob("*-s1-*")
    assert not (folder / "weights.safetensors").exists()


@pytest.mark.slow
def test_a_disk_that_is_full_for_results_too_is_listed(
    command: Command, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    whole = Result.save
    monkeypatch.setattr(Result, "save", lambda self, folder: full() if self.seed == 1 else whole(self, folder))
    quick = ["signal.size=32", "steps=2", "task.scores=1", "trainer=cpu", "logger=none"]
    code, out, _ = command("-m", *quick, "seed=0,1,2", "hydra.launcher.members=3")
    assert code == 1
    [folder] = Path("runs/fit").glob("*-s1-*")
    assert f"failed: {folder} (its result could not be written)" in out
    assert "the failure cannot be noted ([Errno 28] No space left on device)" in caplog.text
    assert "| 2 of 3: 1 missing" in out


def hold(folder: str, ready: Any, release: Any) -> None:
    with claims([Path(folder)]):
        ready.set()
        release.wait(60)


@pytest.fixture
def held() -> Iterator[Callable[[Path], Any]]:
    """Let another process work in a folder; sets it free again."""
    context = multiprocessing.get_context("spawn")
    running = []

    def begin(folder: Path) -> Any:
        ready, release = context.Event(), context.Event()
        process = context.Process(target=hold, args=(str(folder), ready, release))
        process.start()
        running.append(process)
        assert ready.wait(60)
        return SimpleNamespace(release=release.set, kill=process.kill, pid=process.pid, join=process.join)

    yield begin
    for process in running:
        process.kill()
        process.join()


@pytest.mark.slow
def test_a_claimed_folder_is_left_alone_until_its_process_dies(small: Small, held: Callable):
    fits = seeds(small, 2)
    config = fits[0].config
    other = held(fits[0].folder)
    with pytest.raises(InputError, match=rf"process {other.pid} on .* is at work in {fits[0].folder}"):
        fieldlab.fit([config])
    assert list(fit_pack(fits, 2)) == [fits[1].folder]
    other.kill()
    other.join()
    assert (fits[0].folder / LOCK).exists()  # what a kill leaves is no lock
    assert fieldlab.fit([config])[0].status == "finished"
    assert not (fits[0].folder / LOCK).exists()


def test_what_another_launch_has_finished_meanwhile_is_taken(small: Small, monkeypatch: pytest.MonkeyPatch):
    fits = seeds(small, 2)
    fit_pack(fits[:1], 1)
    before = (fits[0].folder / "result.json").read_bytes()
    assert set(fit_pack(fits, 2)) == {fit.folder for fit in fits}
    assert (fits[0].folder / "result.json").read_bytes() == before


@pytest.mark.slow
def test_an_interrupted_pack_stays_together(small: Small, monkeypatch: pytest.MonkeyPatch):
    long = ("steps=120", "checkpoint_minutes=0")
    fits = seeds(small, 5, *long)
    whole = FitModule.training_step

    def third(self: FitModule, chunk: Any, number: int) -> None:
        if number == 2:
            raise KeyboardInterrupt
        whole(self, chunk, number)

    with monkeypatch.context() as patch:
        patch.setattr(FitModule, "training_step", third)
        with pytest.raises(KeyboardInterrupt):
            fit_pack([fits[1], fits[3]], 2)
    assert find_interrupted(fits) == [[fits[1], fits[3]]]
    assert find_interrupted(fits[:3]) == []
    steps: list[tuple[int, int]] = []
    monkeypatch.setattr(
        FitModule,
        "training_step",
        lambda self, c, n: (steps.append((self.ensemble.members, c.step)), whole(self, c, n))[1],
    )
    assert len(fit_pack(fits, 3)) == 5
    assert steps[0] == (2, 75)
    assert find_interrupted(fits) == []


def test_fits_with_other_constraints_do_not_stack(small: Small):
    checks = Checks()
    value, gradient = (
        checks.check(settle(small("split=all", f"supervise={supervise}"))) for supervise in ("value", "gradient")
    )
    assert value.stack_key != gradient.stack_key
