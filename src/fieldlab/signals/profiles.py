"""Colour profiles: what a picture's numbers mean, in sRGB and at any depth."""

import io
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageCms
from scipy.interpolate import RegularGridInterpolator

Colours = Float[np.ndarray, "*n c"]
Curve = Callable[[np.ndarray], np.ndarray]  # from a file's numbers in [0, 1] to linear light
Convert = Callable[[Colours], Colours]

SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # x, y of white, red, green, blue (IEC 61966-2-1)
ADOBE = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)  # Adobe RGB (1998), exponent 563/256
ADOBE_MARK = "R03"  # an EXIF interoperability index
D50 = np.array([0.9642, 1.0, 0.8249])  # the white of ICC profiles
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
LATTICE = np.arange(0, 256, 3)  # colours at which a profile that is a table is asked
PARAMETERS = (1, 3, 4, 5, 7)  # of the parametric curves of types 0 to 4
SAME_GAMMA = 0.05  # PNG: what is that close to 1/2.2 stands for sRGB
A_LEVEL = 1 / 255


def find_conversion(info: Mapping[Any, Any], mark: str | None) -> Convert | None:
    """The function that takes colours [*n, 1 or 3] to sRGB, by Pillow's `info` of a picture; None where they are sRGB, or
    nothing is said.

    By an ICC profile, by a PNG's gamma and primaries, or by the `mark` with which cameras say Adobe RGB. Colours that sRGB
    does not have are clipped. Curves and matrices are exact; a profile that is a table is interpolated in one of 8 bits.

    Raises:
        ValueError: a profile that is damaged, or of another kind of colours.
    """
    if icc := info.get("icc_profile"):
        convert = from_icc(icc)
    elif "srgb" in info:
        return None
    elif "gamma" in info or "chromaticity" in info:
        convert = from_png(info.get("gamma"), info.get("chromaticity"))
    elif mark == ADOBE_MARK:
        convert = by_matrix([lambda v: v ** (563 / 256)], to_xyz(ADOBE))
    else:
        return None
    return None if is_srgb(convert) else convert


def from_icc(data: bytes) -> Convert:
    """The conversion of an ICC profile (ICC.1:2022).

    Raises:
        ValueError: a profile that is damaged, or of another kind of colours.
    """
    try:
        tags, space = tags_of(data), data[16:20]
        if space == b"GRAY":
            return by_matrix([curve(tags["kTRC"])], None)
        if space != b"RGB ":
            raise ValueError(f"it is of {space.decode('latin-1').strip()} colours")
        if "A2B0" in tags:
            return by_table(data)
        curves = [curve(tags[f"{primary}TRC"]) for primary in "rgb"]
        columns = [fixed_point(tags[f"{primary}XYZ"][8:20]) for primary in "rgb"]
        return by_matrix(curves, np.stack(columns, axis=-1))
    except (KeyError, IndexError, struct.error, ImageCms.PyCMSError) as error:
        raise ValueError(f"it is damaged ({error!r})") from error


def from_png(gamma: float | None, chromaticity: Sequence[float] | None) -> Convert:
    """The conversion of the chunks gAMA and cHRM; a gamma of 1/2.2 stands for sRGB."""
    power = 1 / (gamma or 1 / 2.2)
    light: Curve = decode_srgb if abs(power / 2.2 - 1) < SAME_GAMMA else lambda v: v**power
    return by_matrix([light], to_xyz(chromaticity or SRGB))


def by_matrix(curves: Sequence[Curve], xyz: Float[np.ndarray, "3 3"] | None) -> Convert:
    """The conversion by curves to linear light, one for each channel or for all, and primaries in XYZ under D50; None: greys."""
    to_srgb = None if xyz is None else np.linalg.solve(to_xyz(SRGB), xyz)

    def convert(colours: Colours) -> Colours:
        grey = colours.shape[-1] == 1
        if to_srgb is None and not grey:
            raise ValueError("it is of grey colours")
        values = colours if to_srgb is None else np.broadcast_to(colours, (*colours.shape[:-1], 3))
        of_channels = [curves[i % len(curves)](values[..., i].astype(np.float64)) for i in range(values.shape[-1])]
        light = np.stack(of_channels, axis=-1)
        if to_srgb is not None:
            light = light @ to_srgb.T
        encoded = encode_srgb(light.clip(0, 1)).astype(np.float32)
        return encoded[..., 1:2] if grey and to_srgb is not None else encoded

    return convert


def by_table(data: bytes) -> Convert:
    """The conversion by a table of LittleCMS's results, which have 8 bits, interpolated linearly."""
    steps = np.stack(np.meshgrid(LATTICE, LATTICE, LATTICE, indexing="ij"), axis=-1).astype(np.uint8)
    asked = Image.fromarray(steps.reshape(-1, len(LATTICE), 3))
    answers = np.asarray(through_lcms(asked, ImageCms.ImageCmsProfile(io.BytesIO(data))), dtype=np.float32) / 255
    table = RegularGridInterpolator((LATTICE / 255,) * 3, answers.reshape(*steps.shape))

    def convert(colours: Colours) -> Colours:
        found = table(np.broadcast_to(colours, (*colours.shape[:-1], 3))).astype(np.float32)
        return found[..., 1:2] if colours.shape[-1] == 1 else found

    return convert


def through_lcms(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    """The picture in sRGB of 8 bits, relative to white and black of both."""
    return ImageCms.profileToProfile(
        picture,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )  # type: ignore[return-value]


def is_srgb(convert: Convert) -> bool:
    """Whether no colour, of a lattice and of all greys of 8 bits, changes by a level of 8 bits."""
    ramp = np.linspace(0, 1, 256, dtype=np.float32)
    greys = ramp[:, None]
    try:
        corners = ramp[::15]
        asked = [greys, np.stack(np.meshgrid(corners, corners, corners, indexing="ij"), axis=-1)]
        return all(np.abs(convert(colours) - colours).max() < A_LEVEL for colours in asked)
    except ValueError:  # a profile of greys
        return bool(np.abs(convert(greys) - greys).max() < A_LEVEL)


def decode_srgb(v: np.ndarray) -> np.ndarray:
    """sRGB to linear light."""
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def encode_srgb(light: np.ndarray) -> np.ndarray:
    """Linear light to sRGB."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def to_xyz(chromaticity: Sequence[float]) -> Float[np.ndarray, "3 3"]:
    """Linear light of primaries to XYZ, their white adapted to D50 (Bradford)."""
    white, *primaries = (np.array([x, y, 1 - x - y]) / y for x, y in zip(*[iter(chromaticity)] * 2, strict=True))
    columns = np.stack(primaries, axis=-1)
    own = columns * np.linalg.solve(columns, white)
    cones = (BRADFORD @ D50) / (BRADFORD @ white)
    return np.linalg.solve(BRADFORD, cones[:, None] * (BRADFORD @ own))


def tags_of(data: bytes) -> dict[str, bytes]:
    """A profile's tags by their signatures."""
    entries = (struct.unpack_from(">4sII", data, 132 + 12 * i) for i in range(struct.unpack_from(">I", data, 128)[0]))
    return {name.decode("latin-1"): data[start : start + size] for name, start, size in entries}


def fixed_point(data: bytes) -> np.ndarray:
    """Numbers of type s15Fixed16."""
    return np.frombuffer(data, ">i4") / 65536


def curve(tag: bytes) -> Curve:
    """A tone curve, `curv` or `para`."""
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        return parametric(fixed_point(tag[12 : 12 + 4 * PARAMETERS[kind]]))
    (count,) = struct.unpack_from(">I", tag, 8)
    points = np.frombuffer(tag, ">u2", count, 12)
    if count < 2:  # nothing, or an exponent of type u8Fixed8
        return lambda v: v ** (points[0] / 256 if count else 1)
    return lambda v: np.interp(v, np.linspace(0, 1, count), points / 65535)


def parametric(numbers: np.ndarray) -> Curve:
    """(a v + b)^g + e from d on, c v + f below; what a type leaves out follows from its other numbers."""
    g, a, b, c, d, e, f = [*numbers, *[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0][len(numbers) :]]
    if len(numbers) == 1:
        a = 1.0
    if len(numbers) in (3, 4):  # 0, or the constant c, below -b / a
        c, d, e, f = 0.0, -b / a, c, c
    return lambda v: np.where(v >= d, np.maximum(a * v + b, 0) ** g + e, c * v + f)
