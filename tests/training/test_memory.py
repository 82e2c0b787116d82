"""Freed memory stays with the process: the next step touches no fresh page."""

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from fieldlab.training.memory import keep_pages
kept = keep_pages() if sys.argv[1] == "keep" else None
def touch():
    torch.ones(2**24)  # 64 MB
for _ in range(5):  # until the heap holds a block of that size wherever it begins
    touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    touch()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def count_faults(what: str, **environment: str) -> tuple[str, int]:
    """What keep_pages said, and how many pages were touched for the first time."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC")}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, what], env={**env, **environment}, capture_output=True, text=True, check=True
    )
    kept, faults = done.stdout.split()
    return kept, int(faults)


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another malloc")
def test_large_blocks_are_kept():
    (_, without), (kept, within) = count_faults("leave"), count_faults("keep")
    assert kept == "True"
    assert within < without / 4


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another malloc")
def test_users_have_their_own_way():
    assert count_faults("keep", MALLOC_MMAP_THRESHOLD_="65536")[0] == "False"
