"""Signed distances from oriented points."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from omegaconf import DictConfig
from PIL import Image

import fieldlab
from conftest import Command, assemble, build_member
from fieldlab import fit
from fieldlab.geometry.polygons import Polygons
from fieldlab.geometry.read import read_faces_of_ply
from fieldlab.geometry.write import write_mesh
from fieldlab.runs.result import Result
from fieldlab.signals.clouds import cloud
from fieldlab.tasks.surface.pictures import save_surface
from fieldlab.training.constraints import Reading

QUICK = (
    "signal.points=1000", "task.batch_size=500", "task.resolution=64", "task.compared=2000", "task.scores=2", "steps=4",
    "field.network.width=32", "field.network.depth=2", "field.network.first_omega_0=5", "trainer=cpu", "logger=none",
)  # fmt: skip


pytestmark = pytest.mark.usefixtures("coarse_shapes")


def shape(*overrides: str) -> DictConfig:
    return fieldlab.compose("task=surface", "signal=torus_knot", *QUICK, *overrides)


@pytest.fixture(scope="module")
def ball(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("meshes") / "ball.ply"
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=2.0)
    mesh.apply_translation([10, 20, 30])
    mesh.export(file)
    return str(file)


@pytest.fixture(scope="module")
def fitted(ball: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A small SIREN that has learned a ball."""
    folder = tmp_path_factory.mktemp("runs") / "ball"
    settings = (
        "task=surface",
        "signal=cloud",
        f"signal.path={ball}",
        *QUICK,
        "field.learning_rate=1e-3",
        "steps=300",
    )
    config = fieldlab.compose(*settings, f"folder={folder}")
    return folder, fit([config])[0]


def test_a_ball_is_learned(fitted: tuple[Path, Result]):
    _, result = fitted
    assert result.status == "finished"
    assert result.scores["chamfer"] < 0.01
    assert result.scores["normal_consistency"] > 0.98
    assert result.scores["iou"] > 0.95
    assert result.scores["surface_error"] < 0.01
    assert result.scores["normal_error"] < 10
    assert result.centre == pytest.approx([10, 20, 30], abs=1e-3)
    first, last = result.curve[0], result.curve[-1]
    assert [point["step"] for point in result.curve] == [150, 300]
    assert last["surface_error"] < first["surface_error"]
    assert last["distance_error"] == result.scores["distance_error"]
    assert "chamfer" not in last  # of the end alone


def test_it_leaves_a_mesh_and_pictures(fitted: tuple[Path, Result]):
    folder, _ = fitted
    mesh = trimesh.load_mesh(folder / "mesh.ply")
    np.testing.assert_allclose(mesh.bounds.mean(0), [10, 20, 30], atol=0.1)
    np.testing.assert_allclose(np.ptp(mesh.bounds, axis=0), [4, 4, 4], atol=0.2)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 8, rel=0.05)
    sizes = {Image.open(folder / f"{name}.png").size for name in ("target", "reconstruction", "error")}
    assert sizes == {(960, 320)}
    target, ours, error = (
        np.asarray(Image.open(folder / f"{n}.png"), dtype=int) for n in ("target", "reconstruction", "error")
    )
    for axis in (0, 1):
        seen = [np.flatnonzero((picture < 250).any(-1).any(axis)) for picture in (target, ours)]
        assert np.abs(seen[0][[0, -1]] - seen[1][[0, -1]]).max() <= 4
    assert error.max() > 0
    assert len(trimesh.load_scene(folder / "view.glb").to_mesh().faces) > 100
    assert {file.name for file in folder.glob("*.glb")} == {"view.glb", "target.glb"}


def test_it_is_asked_in_the_units_of_the_file(fitted: tuple[Path, Result]):
    shape = fieldlab.Shape(fitted[0])
    distances = shape.distance([[10, 20, 32], [10, 20, 30.5], [10, 22.1, 30]])
    assert distances[0].abs() < 0.05
    assert distances[1] < -0.1
    assert distances[2] == pytest.approx(0.1, abs=0.05)
    torch.testing.assert_close(shape.normals([[10, 20, 32.0]]), torch.tensor([[0.0, 0, 1]]), atol=0.1, rtol=0)
    assert shape.mesh(32).volume == pytest.approx(4 / 3 * np.pi * 8, rel=0.05)


def test_a_surface_is_saved_where_its_file_has_it(tmp_path: Path):
    ball, far = trimesh.creation.icosphere(subdivisions=3), np.array([5e5, 5e6, 100])
    write_mesh(trimesh.Trimesh(ball.vertices + far, ball.faces, process=False), tmp_path / "far.ply")
    given = cloud(name=None, path=str(tmp_path / "far.ply"), points=1000, fill=0.9, seed=0)
    assert given.mesh is not None
    save_surface(tmp_path, given.mesh, given.mesh, given)
    found = read_faces_of_ply(tmp_path / "mesh.ply")
    assert isinstance(found, Polygons)
    np.testing.assert_allclose(found.vertices[found.triangles()[0]], ball.triangles + far, rtol=0, atol=3e-9)


@pytest.mark.slow
def test_where_a_file_has_its_origin_changes_no_score(tmp_path: Path):
    """Coordinates as surveys have them; what is written and asked is in them."""
    ball, far = trimesh.creation.icosphere(subdivisions=3), np.array([5e5, 5e6, 100])
    results = []
    for name, by in (("here", far * 0), ("there", far)):
        write_mesh(trimesh.Trimesh(ball.vertices + by, ball.faces, process=False), tmp_path / f"{name}.ply")
        settings = (
            "task=surface",
            "signal=cloud",
            f"signal.path={tmp_path}/{name}.ply",
            *QUICK,
            "steps=60",
            "field.learning_rate=1e-3",
        )
        results += fit([fieldlab.compose(*settings, f"folder={tmp_path}/{name}")])
    here, there = results
    assert 0.1 < here.scores["iou"] < 1
    for score, value in here.scores.items():
        assert there.scores[score] == pytest.approx(value, rel=1e-3), score
    assert there.centre == pytest.approx(far.tolist(), abs=1e-8)
    meshes = [read_faces_of_ply(tmp_path / f"{name}/mesh.ply") for name in ("here", "there")]
    distances = [meshes[0].vertices, meshes[1].vertices - far]  # type: ignore[union-attr]
    nearest = [np.sort(np.linalg.norm(d, axis=1)) for d in distances]
    np.testing.assert_allclose(nearest[1].mean(), nearest[0].mean(), rtol=1e-4)
    assert len(np.unique(distances[1], axis=0)) > 0.99 * len(distances[1])  # not on a lattice of single precision
    shapes = [fieldlab.Shape(tmp_path / name) for name in ("here", "there")]
    x = np.random.default_rng(0).uniform(-1, 1, (100, 3))
    asked = [shape.distance((x + by).tolist()) for shape, by in zip(shapes, (0 * far, far), strict=True)]
    torch.testing.assert_close(asked[1], asked[0], atol=1e-3, rtol=0)
    np.testing.assert_allclose(shapes[1].mesh(32).bounds - far, shapes[0].mesh(32).bounds, atol=1e-3)


def test_the_loss_is_the_published_one():
    """In half the cube as unit and with means over all points: 3e3 |f|, 1e2 exp(-100 |f|), 1e2 (1 - cos), 5e1 ||grad f| - 1|."""
    task, _ = assemble([build_member(shape())])
    task.samples.to(torch.device("cpu"), 0, 1)
    batch = next(iter(task.samples.batches(1)))
    field = task.ensemble.member(0)
    on, off = ((2 * points.x[0] - 1).requires_grad_() for points in (batch["surface"], batch["space"]))
    normals = batch["surface"].data["normal"][0, :, 0]
    values = [2 * field((x + 1) / 2)[:, 0] - 1 for x in (on, off)]
    slopes = [torch.autograd.grad(f.sum(), x)[0] for f, x in zip(values, (on, off), strict=True)]
    half = 0.5  # of all points
    expected = (
        3e3 * half * values[0].abs().mean()
        + 1e2 * half * torch.exp(-100 * values[1].abs()).mean()
        + 1e2 * half * (1 - torch.cosine_similarity(slopes[0], normals, dim=-1)).mean()
        + 5e1 * (torch.cat(slopes).norm(dim=-1) - 1).abs().mean()
    )
    torch.testing.assert_close(task.total(batch), expected[None], rtol=1e-4, atol=1e-3)
    apart = Reading(task.ensemble, batch)  # without sharing what value and gradient have in common
    torch.testing.assert_close(sum(c(apart) for c in task.constraints.values()), task.total(batch))


@pytest.mark.slow
@pytest.mark.parametrize("points", [["task=surface", "signal=torus_knot"], ["task=surface", "signal=cloud"]])
def test_packed_shapes_are_what_each_would_have_been_alone(points: list[str], ball: str):
    given = [*points, *([f"signal.path={ball}"] if "signal=cloud" in points else [])]
    variants = [("seed=1", "field.network.first_omega_0=3"), ("seed=2", "field.network.first_omega_0=5")]
    gentle = (*QUICK, "steps=30", "field.learning_rate=1e-4")
    alone = [fit([fieldlab.compose(*given, *gentle, *variant, "study=alone")])[0] for variant in variants]
    together = fit([fieldlab.compose(*given, *gentle, *variant, "study=packed") for variant in variants])
    for one, member in zip(alone, together, strict=True):
        assert (one.members, member.members) == (1, 2)
        for score in ("surface_error", "normal_error", "eikonal_error", "distance_error"):
            assert member.scores[score] == pytest.approx(one.scores[score], rel=2e-2)


@pytest.mark.slow
def test_different_clouds_stack(tmp_path: Path):
    """One whose distance is known beside one whose distance is not."""
    normals = np.random.default_rng(0).normal(size=(1000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    np.save(tmp_path / "ball.npy", np.hstack([normals, normals]))
    configs = [
        shape("study=a"),
        fieldlab.compose("task=surface", "signal=cloud", f"signal.path={tmp_path}/ball.npy", *QUICK, "study=b"),
    ]
    trefoil, ball = fit(configs)
    assert (trefoil.members, ball.members) == (2, 2)
    assert trefoil.scores["distance_error"] is not None
    assert ball.scores["distance_error"] is None
    assert ball.status == "finished"


@pytest.mark.slow
def test_a_field_without_a_surface_is_a_result(caplog: pytest.LogCaptureFixture):
    result = fit([shape("steps=1", "field.values=[-9,-8]")])[0]
    assert result.status == "finished"
    assert result.scores["chamfer"] is None
    assert not Path(result.config["folder"], "mesh.ply").exists()


@pytest.mark.slow
def test_an_open_surface_has_no_volume(ball: str, tmp_path: Path):
    whole = trimesh.load_mesh(ball)
    trimesh.Trimesh(whole.vertices, whole.faces[400:], process=False).export(tmp_path / "bowl.ply")
    result = fit([fieldlab.compose("task=surface", "signal=cloud", f"signal.path={tmp_path}/bowl.ply", *QUICK)])[0]
    assert result.status == "finished"
    assert result.scores["iou"] is None
    assert result.scores["distance_error"] is None
    assert result.scores["chamfer"] is not None


@pytest.mark.slow
def test_held_out_points_are_tested():
    configs = [shape("split=random", "steps=1"), shape("steps=1")]
    some, every = fit(configs[:1])[0], fit(configs[1:])[0]
    assert some.scores["surface_error"] != every.scores["surface_error"]


@pytest.mark.slow
def test_the_command_tells_the_scores(command: Command):
    code, out, _ = command("task=surface", "signal=torus_knot", *QUICK, "steps=2", "task.scores=1")
    assert code == 0
    assert "siren torus_knot s0: " in out
    folder = Path(out.split()[-1])
    assert json.loads((folder / "result.json").read_text())["grid"] == [1000]


@pytest.mark.slow
def test_a_shape_continues_where_it_was_interrupted(monkeypatch: pytest.MonkeyPatch):
    from fieldlab.tasks.surface.module import SurfaceModule

    whole = fit([shape("steps=50", "study=whole", "checkpoint_minutes=0")])[0]
    measure, calls = SurfaceModule.measure, []

    def interrupted(self: SurfaceModule, *, whole: bool):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return measure(self, whole=whole)

    monkeypatch.setattr(SurfaceModule, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit([shape("steps=50", "study=cut", "checkpoint_minutes=0")])
    monkeypatch.setattr(SurfaceModule, "measure", measure)
    resumed = fit([shape("steps=50", "study=cut", "checkpoint_minutes=0")])[0]
    assert resumed.scores["surface_error"] == whole.scores["surface_error"]


@pytest.mark.quick(3)
@pytest.mark.parametrize(("overrides", "says"), [
    (["signal=torus_knot"], "task: torus_knot has no grid; add task=surface, which takes clouds of points"),
    (["signal=camera", "supervise=sdf"], "supervise: sdf asks nothing of samples on a grid; signed distances take task=surface"),
    (["task=surface", "signal=torus_knot", "supervise=value"], "supervise: value asks for values on a grid; leave it out, or task=surface"),
    (["task=surface", "signal=torus_knot", "signal.tube=2"], "signal: tube must be between 0 and"),
    (["task=surface", "signal=torus_knot", "task.resolution=8"], "task: resolution must be at least 64"),
    (["task=surface", "signal=torus_knot", "supervise.constraints.surface.region=boundary"], "supervise.constraints.surface.region: there is no region boundary; there are: space, surface"),
    (["task=surface", "signal=torus_knot", "supervise.constraints.space.residual='dot(gradient, normal)'"], "supervise.constraints.space.residual: normal is known at samples, and not in all of space"),
    (["task=surface", "signal=torus_knot", "supervise.constraints.surface.residual=curl"], "supervise.constraints.surface.residual: curl is no operator"),
    (["task=surface", "signal=cloud", "signal.path=none.ply"], "signal.path: there is no file none.ply"),
    (["task=surface", "signal=cloud"], "signal.path: needs a value"),
])  # fmt: skip
def test_bad_input_is_one_line(command: Command, overrides: list[str], says: str):
    code, _, err = command(*overrides)
    assert code == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert not Path("runs").exists()


@pytest.mark.slow
def test_missing_normals_are_a_word_and_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    points = np.random.default_rng(0).normal(size=(1000, 3))
    np.save(tmp_path / "ball.npy", points / np.linalg.norm(points, axis=1, keepdims=True))
    with caplog.at_level(logging.WARNING, "fieldlab"):
        result = fit([fieldlab.compose("task=surface", "signal=cloud", f"signal.path={tmp_path}/ball.npy", *QUICK)])[
            0
        ]
    assert result.status == "finished"
    assert sum("has no normals" in record.message for record in caplog.records) == 1
