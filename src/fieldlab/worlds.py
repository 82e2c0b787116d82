"""Worlds: what fields are fitted to, signals and how they are split, read once for all fits that share them."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig

from fieldlab.build import build
from fieldlab.configuration import plain_value
from fieldlab.digests import content
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split

KEPT = 32  # signals and splits that stay in memory


def described(config: DictConfig | Mapping[str, Any], *keys: str) -> str:
    """These top-level keys as JSON: equal where what they describe is."""
    return json.dumps([plain_value(config, key) for key in keys], sort_keys=True)


def build_signal(config: DictConfig | Mapping[str, Any]) -> Signal:
    """The signal, read once for all fits to it."""
    return read_signal(described(config, "signal"), str(content(config["signal"])))


@functools.lru_cache(maxsize=KEPT)
def read_signal(settings: str, digest: str) -> Signal:
    """`digest` is that of its files: a file that has changed is read again."""
    return build(json.loads(settings)[0], "signal")


@functools.lru_cache(maxsize=KEPT)
def build_split(settings: str, grid: tuple[int, ...]) -> Split:
    return build(json.loads(settings)[0], "split", grid=grid)
