"""Which task brings which groups of settings: read from conf/task/, fieldlab's own and the user's."""

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import yaml

from fieldlab.config.working_folder import config_folders

UNKNOWN = re.compile(r"Could not override '\+*([^'=]+)'|Key '(\w+)' is not in struct\s+full_key: ([\w.]+)")
RENAMED = {  # since 0.1.0
    "goal/model": "classifier@goal.model",
    "task.constraints": "supervise.constraints",
    "task.derivatives": "supervise.derivatives",
    "task.replacement": "sampling.replacement",
    "task.free": "supervise.free",
}


def explain_key(error: BaseException, overrides: Sequence[str]) -> str | None:
    """A line on a key in `overrides` that Hydra does not find, or a group without an option; None for any other error.

    It says what the key is called now, or which task brings it.
    """
    if "Got NoneType" in str(error):
        empty = next((key for key, _, value in (o.partition("=") for o in overrides) if value == "null"), None)
        return empty and f"{empty}: needs an option, not null"
    found = UNKNOWN.search(str(error))
    if found is None:
        return None
    key = found[1] or found[3]
    for old, new in RENAMED.items():
        if re.match(rf"(memorise\.)?{old}(?![\w])", key):
            return f"{key}: is called {key.replace(old, new)} now"
    tasks = [f"task={task}" for task in find_tasks(find_root(key))]
    chosen = next((override for override in overrides if override.startswith("task=")), None)
    if not tasks or (chosen or find_default_task()) in tasks:
        return None
    advice = f"this is {chosen}" if chosen else f"add {' or '.join(tasks)}"
    return f"{key}: belongs to {' and '.join(tasks)}; {advice}"


def find_tasks(root: str) -> list[str]:
    """The tasks that bring a top-level key."""
    options = {
        file.stem: file for folder in reversed(list_folders()) for file in sorted((folder / "task").glob("*.yaml"))
    }
    return [task for task, file in options.items() if root in set(find_roots(file))]


def find_default_task() -> str:
    """`task=fit`: what the primary configuration chooses."""
    primary = next(file for folder in list_folders() if (file := folder / "fieldlab.yaml").is_file())
    chosen = [entry["task"] for entry in yaml.safe_load(primary.read_text())["defaults"] if "task" in entry]
    return f"task={chosen[0]}"


def list_folders() -> list[Path]:
    """Where configuration files are: the user's folders, then fieldlab's own."""
    return [*config_folders(), Path(str(files("fieldlab.conf")))]


def find_roots(file: Path) -> Iterator[str]:
    """The top-level keys that a task's file brings: those that it sets itself, and its groups."""
    settings = yaml.safe_load(file.read_text()) or {}
    for entry in settings.pop("defaults", []):
        for group in entry if isinstance(entry, dict) else ():
            if not group.startswith("override "):
                yield find_root(group)
    yield from settings.keys() - {"study", "figure", "task", "field"}


def find_root(key: str) -> str:
    """`canvas` for canvas/colors, and for canvas.size; `memorise` for signal@memorise.signal."""
    return re.split(r"[/.]", key.rpartition("@")[2].lstrip("/"))[0]
