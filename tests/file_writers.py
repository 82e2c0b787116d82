"""Files of kinds that no library here writes."""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import ImageCms

P3 = {"r": (0.51512, 0.24120, -0.00105), "g": (0.29198, 0.69225, 0.04189), "b": (0.15710, 0.06657, 0.78407)}


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def save_png(file: str, samples: np.ndarray, **chunks: bytes) -> Path:
    """A PNG of 8 or 16 bits with one to four channels, and further chunks before its pixels."""
    samples = samples.reshape(*samples.shape[:2], -1)
    rows, columns, channels = samples.shape
    bits = 8 * samples.dtype.itemsize
    header = struct.pack(">IIBBBBB", columns, rows, bits, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    lines = b"".join(b"\0" + line.astype(f">u{bits // 8}").tobytes() for line in samples)
    extra = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    end = chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    Path(file).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + end)
    return Path(file)


def iccp(profile: bytes) -> bytes:
    """A colour profile as PNG's chunk iCCP has it."""
    return b"named\0\0" + zlib.compress(profile)


def display_p3() -> bytes:
    """LittleCMS' sRGB with the primaries of Display P3, as published for D50."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for i in range(struct.unpack_from(">I", made, 128)[0]):
        name, start, _ = struct.unpack_from(">4sII", made, 132 + 12 * i)
        if name.endswith(b"XYZ"):
            values = P3[name[:1].decode()]
            struct.pack_into(">3i", made, start + 8, *(round(v * 65536) for v in values))
    return bytes(made)


def profile(space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A small ICC profile of version 2.4."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = start + len(body)
    header = struct.pack(">I4xI4s4s4s12x4s", size, 0x02400000, b"prtr", space, pcs, b"acsp").ljust(68, b"\0")
    white = struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    return (header + white).ljust(128, b"\0") + table + body


def curve(*points: int) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(points)}H", len(points), *points)


def lightness_table(space: bytes, lightness: list[int]) -> bytes:
    """A profile whose table has two points an axis, with L of these values at its corners and no colour."""
    n = {b"RGB ": 3, b"CMYK": 4}[space]
    identity = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    ramp = bytes(range(256))
    corners = b"".join(bytes((value, 128, 128)) for value in lightness)
    table = b"mft1\0\0\0\0" + bytes((n, 3, 2, 0)) + identity + ramp * n + corners + ramp * 3
    return profile(
        space, b"Lab ", {b"A2B0": table, b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)}
    )
