"""The gallery of a report's page: what each field makes of a signal, where it errs, and which frequencies it has."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import Float
from PIL import Image
from trimesh import Scene, load_scene
from trimesh.viewer.notebook import scene_to_html

from fieldlab.report.figure import exhibit_of, quality, size_of
from fieldlab.runs.result import Result, scoring_of

MOST_SIGNALS, MOST_FIELDS = 8, 8
MOST_BYTES = 4_000_000  # of a sound or an animation that is put into the page
FLOOR = -100  # dB below the strongest frequency of the original that a spectrum shows as black
LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Column:
    """The pictures of one run, or of the original, as data URIs; None where there is no such picture."""

    title: str
    note: str
    picture: str | None
    error: str | None
    spectrum: str | None
    sound: str | None = None
    learning: str | None = None


@dataclass(frozen=True)
class Pictures:
    """The pictures of one signal."""

    signal: str
    size: str
    columns: list[Column]
    scene: str | None  # a page of its own, in which shapes can be turned
    order: str  # of what the scene shows, from left to right


def collect_pictures(
    folder: Path, best: pd.DataFrame, results: Mapping[str, Result], *, photos: bool
) -> list[Pictures]:
    """Of each signal (at most eight) the original, and every field (at most eight) by its best seed.

    Without `photos` error maps and spectra alone.
    """
    found = [
        pictures_of(folder, str(signal), [(name, results[name]) for name in group.index], photos)
        for signal, group in list(best.groupby("signal", sort=False))[:MOST_SIGNALS]
    ]
    return [pictures for pictures in found if pictures is not None]


def pictures_of(folder: Path, signal: str, fits: list[tuple[str, Result]], photos: bool) -> Pictures | None:
    """The pictures that the best runs of each field made of one signal, beside the original where there is one."""
    by_field: dict[str, tuple[str, Result]] = {}
    for name, result in sorted(fits, key=lambda fit: quality(fit[1])):
        if (folder / name / exhibit_of(result).picture).exists():
            by_field[result.field] = name, result
    chosen = sorted(by_field.values(), key=lambda fit: quality(fit[1]), reverse=True)[:MOST_FIELDS]
    if not chosen:
        return None
    (name, first), size = chosen[0], size_of(chosen[0][1]).replace(" x ", " × ")
    exhibit = exhibit_of(first)
    if exhibit.original is None:
        return Pictures(signal, size, [column_of(folder / name, result, photos) for name, result in chosen], None, "")
    target = folder / name / exhibit.original
    strongest = magnitudes(target).max() if exhibit.spectra and len(first.grid) == 2 else None
    columns = [column_of(folder / name, result, photos, strongest) for name, result in chosen]
    given, made = exhibit.scene or ("", "")
    scenes = {"given": target.parent / given} | {result.field: folder / name / made for name, result in chosen}
    there = {title: file for title, file in scenes.items() if file.is_file() and photos}
    return Pictures(
        signal, size, [original_column(target, photos, strongest), *columns], scene(there), ", ".join(there)
    )


def original_column(target: Path, photos: bool, strongest: float | None) -> Column:
    """The column of what is to be represented."""
    frequencies = None if strongest is None else spectrum(target, strongest)
    return Column("original", "", film_or_picture(target, photos), None, frequencies, sound_beside(target, photos))


def column_of(folder: Path, result: Result, photos: bool, strongest: float | None = None) -> Column:
    """The column of one run; pictures without an original are there whether or not there are `photos`."""
    exhibit, note = exhibit_of(result), scoring_of(result).describe_below(result.scores)
    picture, below = folder / exhibit.picture, embed(folder / exhibit.below)
    if exhibit.original is None:
        return Column(result.field, note, embed(picture), below, None)
    frequencies = None if strongest is None else spectrum(picture, strongest)
    film = film_or_picture(picture, photos)
    learning = embed(folder / exhibit.learning) if exhibit.learning else None
    return Column(result.field, note, film, below, frequencies, sound_beside(picture, photos), learning)


def scene(files: Mapping[str, Path]) -> str | None:
    """The shapes side by side, as a page that needs nothing else."""
    if not files:
        return None
    side_by_side = Scene()
    for place, file in enumerate(files.values()):
        mesh = load_scene(file).to_mesh()
        mesh.apply_translation([1.1 * place, 0, 0])
        side_by_side.add_geometry(mesh)
    width = 1.1 * len(files)
    side_by_side.set_camera(angles=(0, 0, 0), distance=0.6 * width + 0.5, center=(width / 2, 0.5, 0.5))
    return scene_to_html(side_by_side)


def embed(file: Path | None, wanted: bool = True) -> str | None:
    """The file as a data URI; None where there is none, or it is not wanted."""
    if not wanted or file is None or not file.exists():
        return None
    kind = "audio" if file.suffix == ".wav" else "image"
    return f"data:{kind}/{file.suffix[1:]};base64," + base64.b64encode(file.read_bytes()).decode()


def film_or_picture(picture: Path, wanted: bool) -> str | None:
    """The animation beside a picture of frames where there is one that a page can hold, or else the picture."""
    return embed(small_enough(picture.with_suffix(".gif")), wanted) or embed(picture, wanted)


def sound_beside(picture: Path, wanted: bool) -> str | None:
    """The sound beside a picture of it, where there is one that a page can hold."""
    return embed(small_enough(picture.with_suffix(".wav")), wanted)


def small_enough(file: Path) -> Path | None:
    """The file, if it is there and no larger than a page should hold."""
    return file if file.exists() and file.stat().st_size <= MOST_BYTES else None


def magnitudes(file: Path) -> Float[np.ndarray, "rows columns"]:
    """|F| of the picture's luminance less its mean, the lowest frequency in the middle."""
    pixels = np.asarray(Image.open(file).convert("RGB"), dtype=float) / 255 @ LUMA
    return np.abs(np.fft.fftshift(np.fft.fft2(pixels - pixels.mean())))


def spectrum(file: Path, strongest: float) -> str:
    """Magnitudes in dB below the strongest of the original, as a picture."""
    dB = 20 * np.log10(np.maximum(magnitudes(file) / (strongest or 1.0), 10 ** (FLOOR / 20)))
    shades = mpl.colormaps["magma"](np.clip(1 - dB / FLOOR, 0, 1))[..., :3]
    buffer = io.BytesIO()
    Image.fromarray(np.round(shades * 255).astype(np.uint8)).save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
