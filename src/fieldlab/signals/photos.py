"""Photos: pictures by name, from files, folders and packages."""

from collections.abc import Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.errors import InputError
from fieldlab.signals.files import pictures_in
from fieldlab.signals.images import PACKAGES, load


def read_photos(
    paths: Mapping[str, str], key: str, *, channels: int, size: tuple[int, int] | None
) -> dict[str, Float[Tensor, "c h w"]]:
    """Pictures in [0, 1], grey (1 channel) or RGB; a path that is a folder stands for every picture in it.

    With a `size` the largest centred area of that shape, resampled.

    Raises:
        InputError: a picture that cannot be read, a folder without pictures, other than 1 or 3 channels.
    """
    if channels not in (1, 3):
        raise InputError(f"{key}: pictures have 1 channel or 3, not {channels}")
    mode, shape = {1: "grey", 3: "rgb"}[channels], None if size is None else list(size)
    return {
        name: torch.from_numpy(load(path, f"{key}.{name}", channels=mode, size=shape, background="white")).movedim(
            -1, 0
        )
        for name, path in expand_folders(paths, key).items()
    }


def expand_folders(paths: Mapping[str, str], key: str) -> dict[str, str]:
    """The paths with every folder replaced by its pictures: `name/stem` for each, with its suffix where two would be alike."""
    found: dict[str, str] = {}
    for name, path in paths.items():
        folder = Path(path).expanduser()
        if path.startswith(tuple(PACKAGES)) or not folder.is_dir():
            found[name] = path
            continue
        pictures = pictures_in(folder)
        if not pictures:
            raise InputError(f"{key}.{name}: there are no pictures in {folder}")
        stems = [file.stem for file in pictures]
        names = [file.stem if stems.count(file.stem) == 1 else file.name for file in pictures]
        found |= {f"{name}/{own}": str(file) for own, file in zip(names, pictures, strict=True)}
    return found


def enlarge_to_cover(photo: Float[Tensor, "c h w"], size: tuple[int, int]) -> Float[Tensor, "c i j"]:
    """The photo, enlarged where it is smaller than this size along an axis."""
    factor = max(size[0] / photo.shape[1], size[1] / photo.shape[2])
    if factor <= 1:
        return photo
    larger = [max(want, round(have * factor)) for want, have in zip(size, photo.shape[1:], strict=True)]
    return torch.nn.functional.interpolate(photo[None], larger, mode="bicubic", align_corners=False)[0].clamp(0, 1)


def draw_crops(
    photo: Float[Tensor, "c h w"], size: tuple[int, int], count: int, generator: torch.Generator
) -> Float[Tensor, "n c i j"]:
    """`count` areas of this size, drawn uniformly from the photo."""
    photo = enlarge_to_cover(photo, size)
    rows, columns = (
        torch.randint(have - want + 1, (count,), generator=generator).tolist()
        for have, want in zip(photo.shape[1:], size, strict=True)
    )
    places = zip(rows, columns, strict=True)
    return torch.stack([photo[:, i : i + size[0], j : j + size[1]] for i, j in places])
