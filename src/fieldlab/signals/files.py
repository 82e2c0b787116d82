"""The files in a folder that can be signals."""

from pathlib import Path

from PIL import Image

from fieldlab.errors import InputError


def signal_files(folder: Path) -> list[Path]:
    """The pictures in a folder, by name, or the .npy arrays where it has no pictures; subfolders are passed over.

    Raises:
        InputError: neither is there, or two files that differ in their suffix alone and would be one signal.
    """
    found = pictures_in(folder) or sorted(
        file for file in folder.iterdir() if file.is_file() and file.suffix == ".npy"
    )
    if not found:
        raise InputError(f"signal.path: there are no pictures and no .npy arrays in {folder}")
    names: dict[str, Path] = {}
    for file in found:
        if (first := names.setdefault(file.stem, file)) != file:
            raise InputError(f"signal.path: {first} and {file.name} would both be called {file.stem}; rename one")
    return found


def pictures_in(folder: Path) -> list[Path]:
    """The files in a folder that Pillow can open by their suffix, by name."""
    pictures = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    return sorted(file for file in folder.iterdir() if file.is_file() and file.suffix.lower() in pictures)
