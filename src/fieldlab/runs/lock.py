"""Claims: one process at a time works in a fit's folder."""

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from lightning.fabric.utilities.rank_zero import rank_zero_only

from fieldlab.errors import InputError

LOCK, OWNER = ".lock", ".owner"


@contextmanager
def claims(folders: Sequence[Path]) -> Iterator[list[Path]]:
    """Those of the folders that nobody else works in, made where need be; they are ours within the block.

    The lock is the operating system's and ends with its process, however that ends. (Where a file system has none, a
    marker stands in, and one that a process of this machine left behind is taken over.) The further devices of one fit
    work under the claim of the first.

    Raises:
        InputError: a folder that cannot be written to.
    """
    with ExitStack() as held:
        mine = []
        for folder in folders:
            if rank_zero_only.rank > 0 or claim(folder, held):
                mine.append(folder)
        yield mine


def claim(folder: Path, held: ExitStack) -> bool:
    """Whether the folder could be locked until `held` ends."""
    lock = FileLock(folder / LOCK, blocking=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        return False
    except OSError as error:
        raise InputError(f"folder: cannot write to {folder} ({error.strerror})") from error
    held.callback(lock.release)
    for name in (LOCK, OWNER):  # before the release: who waits notices that the lock's file is gone
        held.callback((folder / name).unlink, missing_ok=True)
    with suppress(OSError):  # a full disk: it is for people alone
        (folder / OWNER).write_text(f"process {os.getpid()} on {platform.node()}\n")
    return True


def is_free(folder: Path) -> bool:
    """Whether nobody works in the folder just now."""
    with claims([folder]) as mine:
        return bool(mine)


def is_busy(folder: Path) -> bool:
    """Whether somebody works in the folder just now; it is left as it is."""
    return (folder / LOCK).exists() and not is_free(folder)


def owner(folder: Path) -> str:
    """`process 123 on a-machine`: who claimed the folder last."""
    try:
        return (folder / OWNER).read_text().strip() or "another process"
    except OSError:
        return "another process"
