"""The help of every command that the package installs."""

import contextlib
import io
import os
import sys
from importlib.metadata import EntryPoint, distribution
from unittest.mock import patch

WIDTH = "96"  # of argparse's lines


def write_commands() -> str:
    """The page of the commands: what each says to --help."""
    parts = [
        "# Commands",
        "Exit codes: 0 fine, 1 some fit failed or diverged, 2 bad input and nothing started, 130 interrupted.",
    ]
    for command in find_commands():
        parts += [f"## {command.name}", f"```text\n{ask_for_help(command).strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def find_commands() -> list[EntryPoint]:
    """Those that pyproject.toml names."""
    points = distribution("fieldlab").entry_points
    return sorted(points.select(group="console_scripts"), key=lambda point: point.name)


def ask_for_help(command: EntryPoint) -> str:
    """What `COMMAND --help` prints."""
    out = io.StringIO()
    with (
        patch.object(sys, "argv", [command.name, "--help"]),
        patch.dict(os.environ, {"COLUMNS": WIDTH, "NO_COLOR": "1"}),
        contextlib.redirect_stdout(out),
        contextlib.suppress(SystemExit),
    ):
        command.load()()
    return out.getvalue()
