"""Files that settings name: their content counts, not their place. Imports nothing heavy.

A part says which of its settings name files by their annotations: `path: File`, `photos: Mapping[str, File]`, `name: Label`.
"""

import errno
import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

from fieldlab.config.instantiate import locate, read_annotations
from fieldlab.errors import InputError


@dataclass(frozen=True)
class Content:
    """What counts of a setting, in place of what it says: the metadata of an annotated type.

    A signal without a name of its own is called after files that it `names`.
    """

    of: Callable[[Any], Any]
    names: bool = False


def digest_file(path: Any) -> str | None:
    """A digest of a file, or of all files in a folder; the path itself where there is none, as building will say."""
    if not isinstance(path, str) or path == "???":
        return path
    if path.startswith(("skimage:", "sklearn:")):
        return path  # pinned by the packages themselves
    file = Path(path).expanduser()
    try:
        if file.is_dir():
            digests = [digest_file(str(inner)) for inner in sorted(file.iterdir()) if inner.is_file()]
            return hashlib.sha256(json.dumps(digests).encode()).hexdigest()
        state = file.stat()
        return digest_bytes(file, state.st_mtime_ns, state.st_size)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"{path[:60]}…: is too long for the name of a file") from error
        return path


@functools.lru_cache(maxsize=4096)
def digest_bytes(file: Path, changed: int, size: int) -> str:
    """A digest of the file's bytes, read again only where its time or size has changed."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


File = Annotated[str, Content(digest_file, names=True)]  # the path of a file whose content counts
Mask = Annotated[str, Content(digest_file)]  # the same, but no signal is called after it
Label = Annotated[str, Content(lambda name: None)]  # text that changes no result


def digest(value: Any, hint: Any = None) -> Any:
    """What counts of a setting: of files their content; of parts that stand side by side their order too."""
    if content := find_content(hint):
        return None if value is None else content.of(value)
    if isinstance(value, list):
        return [digest(inner) for inner in value]
    if not isinstance(value, Mapping):
        return value
    if (each := find_content(get_args(hint)[-1] if len(get_args(hint)) == 2 else None)) is not None:
        return [[name, each.of(inner)] for name, inner in value.items()]
    hints = read_hints(value)
    inner = {name: digest(of, hints.get(name)) for name, of in value.items()}
    in_order = len(value) > 1 and all(isinstance(of, Mapping) and "_target_" in of for of in value.values())
    return [[name, of] for name, of in inner.items()] if in_order else inner


def read_hints(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The annotations of the part that a node describes; none where there is no such part, as building will say."""
    target = node.get("_target_")
    try:
        return read_annotations(locate(target, "_target_"), extras=True) if isinstance(target, str) else {}
    except InputError:
        return {}


def find_content(hint: Any) -> Content | None:
    """What is annotated to a type, or to a part of a union."""
    found = [data for part in (hint, *get_args(hint)) for data in getattr(part, "__metadata__", ())]
    direct = hasattr(hint, "__metadata__") or type(None) in get_args(hint)
    return next((data for data in found if direct and isinstance(data, Content)), None)


def list_named_files(node: Mapping[str, Any]) -> Iterator[str]:
    """The files that a signal may be called after."""
    hints = read_hints(node)
    for name, value in node.items():
        content = find_content(hints.get(name))
        if content and content.names and isinstance(value, str) and value != "???":
            yield value
