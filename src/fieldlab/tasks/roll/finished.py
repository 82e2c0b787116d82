"""Finished fits in a folder, as far as names and fingerprints go. Imports nothing heavy."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fieldlab.config.files import Content, digest, digest_file


def list_results(folder: Path) -> list[Path]:
    """The results of the fits in a folder, or of the fit that it is."""
    own = folder / "result.json"
    return [own] if own.is_file() else sorted(folder.glob("*/result.json"))


def read(file: Path) -> Mapping[str, Any]:
    """What the result of a finished fit says; nothing of another, or where it cannot be read, as checking will say."""
    try:
        result = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return result if result.get("status") == "finished" else {}


def name_library(folder: Path) -> str:
    """What the fits in a folder call their field; the folder's name where there are none."""
    fields = (result["field"] for result in map(read, list_results(folder)) if result)
    return next(map(str, fields), folder.name)


def digest_fits(path: Any) -> list[Any]:
    """What a roll sees of the fits in a folder: of each its field, its weights and its picture."""
    return [digest_fit(file, read(file)) for file in list_results(Path(str(path)).expanduser())]


def digest_fit(file: Path, result: Mapping[str, Any]) -> list[Any]:
    """The same of one fit; nothing of one that is not finished."""
    if not result:
        return []
    config = result["config"]
    weights = digest_file(str(file.parent / "weights.safetensors"))
    return [config.get("field"), weights, digest(config.get("signal") or {})]  # runs of other tasks may have neither


Library = Annotated[str | None, Content(digest_fits)]
