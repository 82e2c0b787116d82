"""What fields are fitted to: signals and how they are split, read once for all fits that share them."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig

from fieldlab.build import build
from fieldlab.configuration import to_json
from fieldlab.digests import content
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split

KEPT = 32  # signals and splits that stay in memory


def build_signal(config: DictConfig | Mapping[str, Any]) -> Signal:
    """The signal, read once for all fits to it."""
    return read_signal(to_json(config, "signal"), str(content(config["signal"])))


@functools.lru_cache(maxsize=KEPT)
def read_signal(settings: str, digest: str) -> Signal:
    """`digest` is that of its files: a file that has changed is read again."""
    return build(json.loads(settings)[0], "signal")


def build_split(config: DictConfig | Mapping[str, Any], grid: tuple[int, ...]) -> Split:
    """The split of such a grid, made once for all fits with it."""
    return make_split(to_json(config, "split"), grid)


@functools.lru_cache(maxsize=KEPT)
def make_split(settings: str, grid: tuple[int, ...]) -> Split:
    return build(json.loads(settings)[0], "split", grid=grid)
