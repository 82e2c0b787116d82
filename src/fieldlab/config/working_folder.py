"""The working folder: a user's own modules and configuration files lie there."""

import functools
import os
import sys
from importlib.resources import files
from pathlib import Path

from fieldlab.notices import say

MOST_NAMED = 3


def make_importable() -> None:
    """Let the modules in the working folder be imported, behind all installed ones: in any command, worker or notebook."""
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)


def config_folders() -> list[Path]:
    """Where a user's own configuration files are: $FIELDLAB_CONF, then ./conf; the first has the last word."""
    extra = os.environ.get("FIELDLAB_CONF")
    folders = [*([Path(extra).expanduser().absolute()] if extra else []), Path.cwd() / "conf"]
    return [folder for folder in folders if folder.is_dir()]


@functools.cache
def tell_replaced(here: Path) -> None:
    """Say, once for each working folder, which of fieldlab's own configuration files others take the place of.

    A `conf` that happens to lie here may be meant for another program.
    """
    own = Path(str(files("fieldlab.conf")))
    for folder in config_folders():
        if folder.samefile(own):
            continue
        names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.yaml"))
        if taken := [name for name in names if (own / name).is_file()]:
            more = f" and {len(taken) - MOST_NAMED} more" if len(taken) > MOST_NAMED else ""
            say("%s: %s%s taken instead of fieldlab's own", folder, ", ".join(taken[:MOST_NAMED]), more)
