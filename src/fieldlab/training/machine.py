"""The machine a fit runs on: its device, compiler, versions and commit."""

import functools
import os
import platform
import shutil
import subprocess
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from fieldlab.notices import say


def device_name(device: torch.device) -> str:
    """`cuda: NVIDIA H200` or `cpu: Intel(R) Xeon(R) …, 2 threads`."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return f"{device.type}: {processor()}, {torch.get_num_threads()} threads"


def processor() -> str:
    """The processor's name on Linux, its architecture elsewhere."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


@functools.cache
def can_compile() -> bool:
    """Whether torch.compile finds the C++ compiler that it needs; says so in one line where it does not."""
    found = any(map(shutil.which, (os.environ.get("CXX", "g++"), "g++", "clang++", "c++")))
    if not found:
        say("no C++ compiler found: running without torch.compile")
    return found


def out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory was short, on any device."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def provenance() -> dict[str, Any]:
    """Versions, the commit of the working directory, and the time."""
    packages = ("fieldlab", "torch", "lightning", "numpy")
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "git": git_commit(),
        "finished_at": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def git_commit() -> str | None:
    """The commit of the repository around the working directory, `-dirty` with changes; None outside of one."""
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
