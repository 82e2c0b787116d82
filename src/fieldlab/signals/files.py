"""The files in a folder that can be signals."""

from collections import Counter
from pathlib import Path

from fieldlab.errors import InputError
from fieldlab.notices import say_once
from fieldlab.signals.kinds import is_known, kind_of, remedy

KINDS = {"image": "pictures", "array": ".npy arrays", "sound": ".wav sounds"}


def signal_files(folder: Path) -> list[Path]:
    """The pictures in a folder, by name, or its .npy arrays or .wav sounds where there are more of these.

    Subfolders and hidden files are passed over; other files that could be signals are noted.

    Raises:
        InputError: there are none, or two files that differ in their suffix alone and would be one signal.
    """
    visible = visible_in(folder)
    counts = Counter(kind for kind in map(kind_of, visible) if kind is not None)
    if not counts:
        known = next((f": {file.name} is none{remedy(file, 'image')}" for file in visible if is_known(file)), "")
        raise InputError(f"signal.path: there are no pictures, .npy arrays or .wav sounds in {folder}{known}")
    most = max(KINDS, key=lambda kind: counts[kind])
    found = [file for file in visible if kind_of(file) == most]
    note_passed_over(folder, most, visible)
    names: dict[str, Path] = {}
    for file in found:
        if (first := names.setdefault(file.stem, file)) != file:
            raise InputError(f"signal.path: {first} and {file.name} would both be called {file.stem}; rename one")
    return found


def pictures_in(folder: Path) -> list[Path]:
    """The files in a folder that Pillow can open by their suffix, by name; hidden ones are passed over."""
    visible = visible_in(folder)
    note_passed_over(folder, "image", visible)
    return [file for file in visible if kind_of(file) == "image"]


def visible_in(folder: Path) -> list[Path]:
    """Files by name, without those that systems put beside them (`._a.jpg`, `.DS_Store`)."""
    return sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))


def note_passed_over(folder: Path, taken: str, files: list[Path]) -> None:
    """Note which files of other kinds than those taken are passed over, and how they would be read."""
    others: dict[str, list[Path]] = {}
    for file in files:
        if is_known(file) and kind_of(file) != taken:
            others.setdefault(file.suffix, []).append(file)
    for suffix, passed in others.items():
        first, *rest = (file.name for file in passed)
        names = f"{first} and {len(rest)} more {suffix}" if rest else first
        verb = "are" if rest else "is"
        say_once(f"{folder}: {names} {verb} passed over, its {KINDS[taken]} are taken{remedy(passed[0], taken)}")
