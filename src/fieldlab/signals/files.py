"""The files in a folder that can be signals."""

from pathlib import Path

from PIL import Image

from fieldlab.errors import InputError


def signal_files(folder: str | Path) -> list[Path]:
    """The pictures and arrays in a folder, by name; other files are passed over, and so are its subfolders.

    Raises:
        InputError: none there.
    """
    folder = Path(folder).expanduser()
    known = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN} | {".npy"}
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.suffix.lower() in known)
    if not files:
        raise InputError(f"signal.path: there are no pictures and no .npy arrays in {folder}")
    return files
