"""The `fieldlab-query` command on fits of shapes."""

from pathlib import Path

import pytest
import trimesh

import fieldlab
from conftest import slow
from fieldlab.errors import InputError

QUICK = (
    "signal.points=500", "task.batch_size=500", "task.resolution=64", "task.compared=500", "task.scores=1", "steps=60",
    "field.network.width=16", "field.network.first_omega_0=5", "field.learning_rate=1e-3", "trainer=cpu", "logger=none",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, coarse_shapes: None) -> str:
    there = tmp_path_factory.mktemp("runs") / "knot"
    fieldlab.fit([fieldlab.compose("task=surface", *QUICK, f"folder={there}")])
    return str(there)


def test_distances_are_printed(folder: str, ask):
    code, out, _ = ask(folder, "--at=0,0,0", "--at=-2.5,0.5,1")
    assert code == 0
    expected = fieldlab.Shape(folder).distance([[0, 0, 0], [-2.5, 0.5, 1]]).tolist()
    printed = dict(line.split(": ") for line in out.strip().splitlines())
    assert [float(value) for value in printed.values()] == pytest.approx(expected, rel=1e-4)
    assert list(printed) == ["0,0,0", "-2.5,0.5,1"]


@pytest.mark.parametrize("kind", ["ply", "obj", "off", "stl", "glb"])
def test_the_surface_is_written_at_any_resolution(folder: str, ask, tmp_path: Path, kind: str):
    counts = []
    for resolution in (16, 32):
        code, out, _ = ask(folder, "--mesh", str(tmp_path / f"knot.{kind}"), "--resolution", str(resolution))
        assert code == 0
        mesh = trimesh.load_scene(tmp_path / f"knot.{kind}").to_mesh()
        assert f"{len(mesh.faces):,} triangles" in out
        counts.append(len(mesh.faces))
    assert counts[1] > 2 * counts[0]


@pytest.mark.parametrize(("arguments", "says"), [
    ([], "nothing asked: give --at X,Y,Z or --mesh FILE"),
    (["--at", "1,2"], "--at: a shape needs X,Y,Z"),
    (["--size", "8x8", "--out", "a.png"], "is the fit of a shape; ask --at X,Y,Z or --mesh FILE"),
    (["--mesh", "a.ply", "--resolution", "2"], "--resolution: 2 should be at least 8"),
    *slow(
    (["--mesh", "a.dae", "--resolution", "16"], "--mesh a.dae: cannot be written (there is no such format of a mesh); take .ply, .obj, .off, .stl or .glb"),
    (["--mesh", "no/folder/a.ply"], "--mesh no/folder/a.ply: cannot be written"),
    ),
])  # fmt: skip
def test_bad_questions_are_named(folder: str, ask, arguments: list[str], says: str):
    code, _, err = ask(folder, *arguments)
    assert code == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1


def test_grids_and_shapes_are_asked_differently(folder: str, ask):
    with pytest.raises(InputError, match=r"is the fit of a shape; ask fieldlab.Shape"):
        fieldlab.Query(folder)
    config = fieldlab.compose("signal.size=16", "steps=2", "task.scores=1", "trainer=cpu", "logger=none")
    fieldlab.fit([config])
    with pytest.raises(InputError, match=r"is no fit of a shape; fieldlab.Query asks"):
        fieldlab.Shape(config.folder)
    code, _, err = ask(config.folder, "--mesh", "a.ply")
    assert code == 2
    assert "is no fit of a shape" in err
