"""Columns of points: which are coordinates and which normals, in files that do not say so."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float

from fieldlab.errors import InputError
from fieldlab.geometry.frame import Points
from fieldlab.geometry.read import PointSet

Table = Float[np.ndarray, "n k"]

UNIT = 0.01  # how far the length of a normal may be from 1
MOST = 16  # columns; an array of more is something else
COMMENTS = ("#", "//")
SEPARATORS = (";", ",")  # other than blanks and tabs


def read_npy(file: Path) -> PointSet:
    """The points in an array, a row each.

    Raises:
        InputError: rows that are too short or too long for points.
        ValueError: another file, an array of something else.
    """
    with file.open("rb") as stream:
        if not stream.read(6).endswith(b"NUMPY"):
            raise ValueError("it does not begin as an .npy does")
    table = np.atleast_2d(np.load(file)).astype(float)
    if table.ndim != 2 or not 3 <= table.shape[1] <= MOST:
        shape = " x ".join(map(str, table.shape))
        raise InputError(f"signal.path: {file} is {shape}; it needs 3 columns, or 6 with normals")
    return split_columns(table)


def read_xyz(file: Path) -> PointSet:
    """The points in a text, a line each: numbers between blanks, commas or semicolons.

    Comments are passed over, and whatever stands before the first line of three numbers: headers and counts.

    Raises:
        ValueError: no such line, lines that differ in length, something other than numbers.
    """
    lines, before = file.read_text("utf-8-sig", "replace").splitlines(), []
    for number, line in enumerate(lines):
        text = line.partition("#")[0].partition("//")[0].strip()
        separator = next((mark for mark in SEPARATORS if mark in text), None)
        if is_row(text.split(separator)):
            found = split_columns(np.loadtxt(lines[number:], comments=COMMENTS, delimiter=separator, ndmin=2))
            passed = [f"begins with '{before[0]}', which is passed over"] if before else []
            return found._replace(remarks=[*passed, *found.remarks])
        before += [text] if text else []
    raise ValueError("no line has three numbers")


def is_row(words: Iterable[str]) -> bool:
    try:
        return len([float(word) for word in words]) >= 3
    except ValueError:
        return False


def split_columns(table: Table) -> PointSet:
    """The points in a table, with coordinates in the first three columns.

    Normals are columns 4 to 6 if their length is 1, to 1 %, or else the first three neighbours behind them of length 1 of
    which some are negative. Where there are just three columns of other lengths, they are normals if some are negative, and else colours.
    """
    points, others = table[:, :3], table[:, 3:]
    count = others.shape[1]
    for before in range(count - 2):
        normals = others[:, before : before + 3]
        negative = bool((normals < 0).any())
        if are_unit(normals) and (negative or before == 0):
            remarks = [f"has {count - 3} further columns, which are left out"] if count > 3 else []
            if before or not negative:
                what = f"has columns {before + 4} to {before + 6} taken for normals, as their length is 1"
                remarks.append(what if negative else f"{what}, though none is negative")
            return PointSet(points, normals, remarks)
    if count == 3 and (others < 0).any():
        return PointSet(points, others, ["has columns 4 to 6 of other lengths than 1: they are taken for normals"])
    if count == 3:
        what = "has columns 4 to 6 taken for colours, and left out: their lengths are not 1, and none is negative"
    else:
        what = f"has {count} further columns, which are left out: no three neighbours have length 1, as normals have"
    return PointSet(points, None, [what] if count else [])


def are_unit(vectors: Points) -> bool:
    """Whether all rows have length 1 but those that are 0 or not finite."""
    lengths = np.linalg.norm(vectors, axis=1)
    lengths = lengths[np.isfinite(lengths) & (lengths > 0)]
    return len(lengths) > 0 and bool((np.abs(lengths - 1) <= UNIT).all())
