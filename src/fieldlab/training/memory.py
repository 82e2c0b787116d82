"""Memory: what a step frees stays with the process, so that the next one need not ask the system for it again."""

import ctypes
import functools
import os
import platform

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt, in malloc.h
KEPT = 2**31 - 1  # bytes: blocks of less are kept, the most that mallopt takes
OWN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")  # by which users have their own way


@functools.cache
def keep_pages() -> bool:
    """Tell glibc's malloc to keep freed memory, for this process; whether it does.

    It gives large blocks back at once otherwise, and every step of training touches fresh pages, which the system fills with
    zeros first. The process then holds as much memory as it needed at its peak.
    """
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in OWN):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(M_MMAP_THRESHOLD, KEPT)) and bool(mallopt(M_TRIM_THRESHOLD, KEPT))
