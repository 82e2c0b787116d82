"""Compiling: whether torch.compile saves more time than it takes, by counts and by what was measured once on this machine."""

import contextlib
import functools
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch._functorch.config
from platformdirs import user_cache_dir
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from fieldlab.atomic import write_atomically
from fieldlab.errors import first_line
from fieldlab.networks.siren import Siren
from fieldlab.notices import say
from fieldlab.training.machine import can_compile, device_name

MOST_STRUCTURES = 256  # of fields, that one process compiles
LEAST = {"cpu": 5e12, "cuda": 1e15}  # operations of a training, by device, below which nothing is measured
LEAST_SECONDS = 20.0  # of a training, in which compiling can pay
POINTS, STEPS = 8192, 5  # of a SIREN 256 x 3, which is timed
FLOPS = 6 * POINTS * 198_401 * STEPS  # products forwards, and twice as many backwards

Losses = Callable[..., Tensor]


@dataclass(frozen=True)
class Rates:
    """Seconds for an operation of a training step, eager and compiled, and for compiling."""

    eager: float
    compiled: float
    compiling: float


def compile_losses(losses: Losses) -> Losses:
    """The losses under torch.compile, for as many structures as a sweep may have: its default is to run eagerly after eight.

    The backward pass asks anew where a ReLU was 0, as torch forbids unless told: the masks that it would keep are packed into
    bytes and out of them on a CPU, which made steps of packed ReLU networks twice as long as eager ones.
    """
    torch._dynamo.config.recompile_limit = MOST_STRUCTURES
    torch._functorch.config.ban_recompute_materialized_backward = False
    return torch.compile(losses, dynamic=False)


def pays(flops: float, device: torch.device) -> bool:
    """Whether compiling saves more than twice the time that it takes, in a training of so many operations."""
    if flops < LEAST.get(device.type, float("inf")) or not can_compile():
        return False
    rates = look_up_rates(device)
    return flops * (rates.eager - rates.compiled) > 2 * rates.compiling


def pays_within(seconds: float) -> bool:
    """Whether compiling may pay in a training of so many seconds, which will tell by timing it."""
    return seconds >= LEAST_SECONDS and can_compile()


class Operations(TorchDispatchMode):
    """Counts the floating-point operations of matrix products within it. torch's own FlopCounterMode, which counts by module, does
    not bear derivatives within a loss."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        if formula := flop_registry.get(func.overloadpacket):
            self.count += formula(*args, **(kwargs or {}), out_val=answer)
        return answer


@functools.cache
def look_up_rates(device: torch.device) -> Rates:
    """The rates of this machine: measured once, and kept in the user's cache."""
    name = f"{device_name(device)}, torch {torch.__version__}"
    file = Path(user_cache_dir("fieldlab")) / "rates.json"
    known: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known.update(json.loads(file.read_text()))
        return Rates(**known[name])
    say("compile: measuring once, for some seconds, what compiling costs and saves on this machine")
    rates = measure_rates(device)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps({**known, name: asdict(rates)}, indent=1) + "\n")
    except OSError as error:
        say("%s: cannot be written (%s); rates are measured again by the next long fit", file, first_line(error))
    return rates


def measure_rates(device: torch.device) -> Rates:
    """Time steps of a SIREN, eager and compiled, and its compilation."""
    with torch.random.fork_rng(devices=[]):
        network = Siren(2, 1, width=256, depth=3, first_omega_0=30.0, hidden_omega_0=30.0).to(device)
        x = torch.rand(POINTS, 2, device=device)

    def loss(x: Tensor) -> Tensor:
        return network(x).square().mean()

    compiled = compile_losses(loss)
    time_steps(loss, network, x, 1)
    eager = time_steps(loss, network, x, STEPS)
    compiling = time_steps(compiled, network, x, 1)
    return Rates(eager / FLOPS, time_steps(compiled, network, x, STEPS) / FLOPS, compiling)


def time_steps(loss: Losses, network: nn.Module, x: Tensor, steps: int) -> float:
    """Seconds for so many gradients."""
    start = time.perf_counter()
    for _ in range(steps):
        network.zero_grad()
        loss(x).backward()
    next(network.parameters()).grad.sum().item()  # type: ignore[union-attr]  # waits for the device
    return time.perf_counter() - start
