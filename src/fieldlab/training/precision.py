"""Precision: how exactly products of matrices are computed, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def half_products() -> Iterator[None]:
    """Within it products of float32 matrices are computed from bfloat16 parts, where the processor can (TF32 on a GPU).

    The setting belongs to the process, and compiled code is compiled anew for it; what was set before is set again.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
