"""Files that are replaced whole."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_atomically(file: Path, text: str) -> None:
    """Replace a file's text."""
    replace_atomically(file, lambda draft: draft.write_text(text))


def replace_atomically(file: Path, write: Callable[[Path], Any]) -> None:
    """Write beside the file, then rename: a reader sees the old content or the new, never half of it."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    try:
        write(draft)
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)
