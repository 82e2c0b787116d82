"""Signals and splits as configurations describe them, built once for all runs that share them."""

from collections.abc import Mapping
from typing import Any

from fieldlab.config.cache import keep
from fieldlab.config.instantiate import build
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split

KEPT = 32  # of each


@keep(KEPT)
def build_signal(node: Mapping[str, Any]) -> Signal:
    """The signal that a configuration's node describes."""
    return build(node, "signal")


@keep(KEPT)
def build_split(node: Mapping[str, Any], grid: tuple[int, ...]) -> Split:
    """The split of such a grid."""
    return build(node, "split", grid=grid)
