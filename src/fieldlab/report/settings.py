"""The settings of a study's runs, and which of them were swept."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pandas as pd

from fieldlab.config.fingerprint import is_rate
from fieldlab.runs.result import Result
from fieldlab.runs.task import find_task

IGNORED = {  # say what a run is called or follow from others, or say nothing of its result
    "study", "question", "notes", "figure", "seed", "folder", "resume", "compile", "debug", "dry", "logger", "experiment",
    "checkpoint_minutes", "field.name", "signal.name", "schedule.T_max", "task.scores", "task.stop_at",
    "trainer.devices", "trainer.strategy",
}  # fmt: skip


def find_swept(results: Mapping[str, Result]) -> dict[str, dict[str, Any]]:
    """The settings in which runs of one field on one signal differ, by key and run.

    Of an exchanged object its name stands for the settings that follow from it.
    """
    flat = {name: settings_of(result) for name, result in results.items()}
    owners = {name: of for result in results.values() for name, of in find_task(result.config).follows.items()}
    groups = {name: (result.field, result.signal) for name, result in results.items()}
    found: dict[str, dict[str, Any]] = {}
    for key in dict.fromkeys(key for settings in flat.values() for key in settings):
        values = {name: settings.get(key) for name, settings in flat.items()}
        seen: dict[tuple[str, str], set[Any]] = {}
        for name, value in values.items():
            seen.setdefault(groups[name], set()).add(value)
        names = (name for name, of in owners.items() if key.startswith(of) and key != name)
        owner = next(names, key.rpartition(".")[0] + "._target_")
        if max(map(len, seen.values())) > 1 and not (owner in found and follows(values, found[owner], groups)):
            found[key] = values
    return found


def follows(values: Mapping[str, Any], from_: Mapping[str, Any], groups: Mapping[str, Any]) -> bool:
    """Whether the second mapping's value determines the first one's, within each group."""
    pairs = {(groups[name], from_[name], value) for name, value in values.items()}
    return len(pairs) == len({pair[:2] for pair in pairs})


def settings_of(result: Result) -> dict[str, Any]:
    """Dotted keys and plain values of a result's configuration, without those that say nothing of the result; what is null is not there,
    as in the results of then, which had no such setting."""
    settings = flatten(result.config, {*IGNORED, *find_task(result.config).silent})
    return {key: value for key, value in settings if value is not None}


def flatten(node: Any, ignored: Collection[str], key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and plain values of a configuration, what others follow from first."""
    if key in ignored or is_rate(key):
        return
    if isinstance(node, Mapping):
        for name in sorted(node, key=lambda name: name not in ("_target_", "supervise", "name")):
            yield from flatten(node[name], ignored, f"{key}.{name}" if key else str(name))
    else:
        yield key, str(node) if isinstance(node, list) else node


def format_setting(value: Any) -> str:
    """A setting in a cell: numbers short, targets by their last word."""
    if value is None or value is pd.NA or value != value:
        return "–"
    if is_number(value):
        return f"{value:g}"
    return str(value).rpartition(".")[2] if re.fullmatch(r"[\w.]+", str(value)) else str(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def shorten(key: str) -> str:
    """The word for a setting: `sigma` for field.encoding.sigma, `split` for split._target_, `colors` for canvas.colors.name."""
    return key.removesuffix("._target_").removesuffix(".name").rpartition(".")[2]
