"""Which columns of points are normals, and what is said where that is an assumption."""

from pathlib import Path

import numpy as np
import pytest

from fieldlab.geometry.read import PointSet
from fieldlab.signals.columns import read_npy, read_xyz

RANDOM = np.random.default_rng(0)
NORMALS = RANDOM.normal(size=(40, 3))
NORMALS /= np.linalg.norm(NORMALS, axis=1, keepdims=True)
PLACES = 2 * NORMALS + [10, 20, 30]
COLOURS = RANDOM.integers(0, 256, (40, 3)).astype(float)
INTENSITY = RANDOM.uniform(-30, 0, (40, 1))


def read(tmp_path: Path, *columns: np.ndarray) -> PointSet:
    """The same from .npy and .xyz."""
    table = np.hstack(columns)
    np.save(tmp_path / "a.npy", table)
    np.savetxt(tmp_path / "a.xyz", table, fmt="%.17g")
    one, other = read_npy(tmp_path / "a.npy"), read_xyz(tmp_path / "a.xyz")
    np.testing.assert_array_equal(one.points, other.points)
    assert one.remarks == other.remarks
    return one


@pytest.mark.parametrize(("columns", "says"), [
    ((NORMALS,), []),
    ((NORMALS.round(2),), []),
    ((NORMALS, COLOURS), ["3 further columns, which are left out"]),
    ((NORMALS, INTENSITY), ["1 further columns, which are left out"]),
    ((COLOURS, NORMALS), ["3 further columns, which are left out", "columns 7 to 9 taken for normals, as their length is 1"]),
    ((INTENSITY, NORMALS, COLOURS), ["4 further columns, which are left out", "columns 5 to 7 taken for normals"]),
    ((3 * NORMALS,), ["columns 4 to 6 of other lengths than 1: they are taken for normals"]),
    ((np.abs(NORMALS),), ["columns 4 to 6 taken for normals, as their length is 1, though none is negative"]),
])  # fmt: skip
def test_normals_are_found(tmp_path: Path, columns: tuple[np.ndarray, ...], says: list[str]):
    found = read(tmp_path, PLACES, *columns)
    np.testing.assert_array_equal(found.points, PLACES)
    assert found.normals is not None
    unit = found.normals / np.linalg.norm(found.normals, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(unit), np.abs(NORMALS), atol=0.01)
    assert len(found.remarks) == len(says)
    for remark, words in zip(found.remarks, says, strict=True):
        assert words in remark


@pytest.mark.parametrize(("columns", "says"), [
    ((), None),
    ((COLOURS,), "columns 4 to 6 taken for colours, and left out: their lengths are not 1, and none is negative"),
    ((COLOURS / 255,), "taken for colours"),
    ((COLOURS.clip(0, 1),), "taken for colours"),
    ((INTENSITY,), "has 1 further columns, which are left out: no three neighbours have length 1"),
    ((INTENSITY, COLOURS), "has 4 further columns"),
    ((INTENSITY, COLOURS / 255, INTENSITY), "has 5 further columns"),
])  # fmt: skip
def test_other_columns_are_left_out_with_a_word(tmp_path: Path, columns: tuple[np.ndarray, ...], says: str | None):
    found = read(tmp_path, PLACES, *columns)
    np.testing.assert_array_equal(found.points, PLACES)
    assert found.normals is None
    assert len(found.remarks) == (says is not None)
    assert says is None or says in found.remarks[0]


NUMBERS = [(1.5, 2.0, -3e-7, 0.0, 0.6, -0.8), (4.0, 5.0, 6.0, 1.0, 0.0, 0.0)]


@pytest.mark.parametrize(("before", "between", "behind", "passed"), [
    ("", " ", "", None),
    ("# x y z\n\n", "\t", " # a point", None),
    ("//X Y Z Nx Ny Nz\n", ", ", "", None),
    ("2\n", " ", "", "2"),
    ("x,y,z,nx,ny,nz\n", ",", "", "x,y,z,nx,ny,nz"),
    ("\ufeffX;Y;Z;Nx;Ny;Nz\n", ";", "", "X;Y;Z;Nx;Ny;Nz"),
])  # fmt: skip
def test_texts_of_many_programs(tmp_path: Path, before: str, between: str, behind: str, passed: str | None):
    lines = [between.join(map(str, row)) + behind for row in NUMBERS]
    (tmp_path / "a.xyz").write_text(before + "\n".join(lines), encoding="utf-8")
    found = read_xyz(tmp_path / "a.xyz")
    assert found.normals is not None
    np.testing.assert_array_equal(np.hstack(found[:2]), NUMBERS)
    assert found.remarks == ([] if passed is None else [f"begins with '{passed}', which is passed over"])


@pytest.mark.parametrize(
    "text", ["1 2\n3 4\n", "", "C 0 0 0\nH 1 1 1\n", "1,5 2,5 3,5\n", "1 2 3\na b c\n", "1 2 3\n4 5 6 7\n"]
)
def test_texts_without_points_are_refused(tmp_path: Path, text: str):
    (tmp_path / "a.xyz").write_text(text)
    with pytest.raises(ValueError):  # noqa: PT011
        read_xyz(tmp_path / "a.xyz")
