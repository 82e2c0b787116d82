"""The pictures of a fitted surface: views of it, of the given one, and of the distance between them."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image
from trimesh import Trimesh

from fieldlab.geometry.compare import Surface, sample_mesh
from fieldlab.geometry.frame import Frame
from fieldlab.geometry.views import draw
from fieldlab.geometry.write import write_mesh
from fieldlab.signals.cloud import Cloud

SURFACE_LIMIT = 0.01  # of the cube's side: the distance between surfaces that is shown as the brightest colour
SPLATS = 200_000  # points of a surface from which it is drawn
MOST_FACES = 150_000  # of a given surface that is kept to turn around in a page


def save_surface(folder: Path, mesh: Trimesh, draft: Trimesh, cloud: Cloud) -> None:
    """Write mesh.ply in original units; target.png, reconstruction.png and error.png as views.

    target.glb and view.glb, the `draft`, are to be turned around in a page.
    """
    assert cloud.span is not None
    target = cloud.surface(SPLATS)
    Image.fromarray(draw(target.points, target.normals)).save(folder / "target.png")
    if cloud.mesh is not None and len(cloud.mesh.faces) <= MOST_FACES:
        cloud.mesh.export(folder / "target.glb")
    if not len(mesh.faces):
        return
    low, high = cloud.span
    frame = Frame(np.array(cloud.centre), high - low)
    write_mesh(Trimesh(frame.original(np.asarray(mesh.vertices)), mesh.faces, process=False), folder / "mesh.ply")
    draft.export(folder / "view.glb")
    drawn = sample_mesh(mesh, SPLATS)
    Image.fromarray(draw(drawn.points, drawn.normals)).save(folder / "reconstruction.png")
    Image.fromarray(surface_error(drawn, target)).save(folder / "error.png")


def draw_views(mesh: Trimesh) -> np.ndarray:
    """Views of a surface as RGB bytes."""
    drawn = sample_mesh(mesh, SPLATS)
    return draw(drawn.points, drawn.normals)


def surface_error(drawn: Surface, target: Surface) -> np.ndarray:
    """Views of a surface by its distance from the target, as RGB bytes: black 0, bright 0.01 of the cube and more."""
    distance, _ = target.nearest(drawn.points)
    colours = mpl.colormaps["magma"]((distance / SURFACE_LIMIT).clip(0, 1))[..., :3]
    return draw(drawn.points, drawn.normals, colours)
