"""The gallery of a report's page: what each field shows, where it errs, and which frequencies it has."""

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

from fieldlab.report.figure import quality
from fieldlab.results import Result

MOST_SIGNALS, MOST_FIELDS = 8, 8
FLOOR = -100  # dB below the strongest frequency of the original that a spectrum shows as black
LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Shown:
    """A column of the gallery: pictures as data URIs, None where there is no such picture."""

    title: str
    note: str
    picture: str | None
    error: str | None
    spectrum: str | None


@dataclass(frozen=True)
class Wall:
    """The pictures of one signal."""

    signal: str
    size: str
    columns: list[Shown]


def gallery(folder: Path, best: pd.DataFrame, results: Mapping[str, Result], *, photos: bool) -> list[Wall]:
    """Of each signal (at most eight) the original, and every field (at most eight) by its best seed.

    Without `photos` error maps and spectra alone.
    """
    walls = [
        wall(folder, str(signal), [(name, results[name]) for name in group.index], photos)
        for signal, group in list(best.groupby("signal", sort=False))[:MOST_SIGNALS]
    ]
    return [found for found in walls if found is not None]


def wall(folder: Path, signal: str, fits: list[tuple[str, Result]], photos: bool) -> Wall | None:
    by_field: dict[str, tuple[str, Result]] = {}
    for name, result in sorted(fits, key=lambda fit: quality(fit[1])):
        if (folder / name / "reconstruction.png").exists():
            by_field[result.field] = name, result
    chosen = sorted(by_field.values(), key=lambda fit: quality(fit[1]), reverse=True)[:MOST_FIELDS]
    if not chosen:
        return None
    flat = len(chosen[0][1].grid) == 2
    target = folder / chosen[0][0] / "target.png"
    strongest = magnitudes(target).max() if flat else 1.0
    columns = [Shown("original", "", embedded(target, photos), None, spectrum(target, strongest) if flat else None)]
    for name, result in chosen:
        there = folder / name
        picture, error = there / "reconstruction.png", there / "error.png"
        columns.append(
            Shown(
                result.field,
                scores(result),
                embedded(picture, photos),
                embedded(error),
                spectrum(picture, strongest) if flat else None,
            )
        )
    return Wall(signal, " × ".join(map(str, chosen[0][1].grid)), columns)


def scores(result: Result) -> str:
    train, test, full = (result.scores.get(f"{part}_psnr") for part in ("train", "test", "full"))
    same = train == test == full
    return f"{full:.2f} dB over all pixels" if same else f"train {train:.2f}, test {test:.2f} dB"


def embedded(file: Path, wanted: bool = True) -> str | None:
    if not wanted or not file.exists():
        return None
    return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()


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
