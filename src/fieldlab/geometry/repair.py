"""Repair: a surface that can be measured, from the triangles of a file."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from trimesh import Trimesh
from trimesh.graph import connected_component_labels
from trimesh.grouping import unique_rows

from fieldlab.geometry.compare import winding_number

THIN = 1e-8  # of the cube's side: vertices this close are one, and triangles this low have no area
BESIDE = 1e-5  # how far outside of a surface it is looked whether there is an inside

Faces = Int[np.ndarray, "f 3"]
Points = Float[np.ndarray, "n 3"]


class RepairedMesh(NamedTuple):
    """A surface, whether it has an inside, where its winding number is positive, and remarks on its repair."""

    mesh: Trimesh
    solid: bool
    remarks: list[str]


def repair(vertices: Points, faces: Faces) -> RepairedMesh:
    """The surface of triangles in the unit cube: vertices at one point are one, each triangle has an area and is there once.

    Triangles of a surface that is closed look outwards, those of others as their neighbours do. Lengths are compared with
    the cube's side. A triangle without area may close the seam between a large one and two small ones: it is left out
    only when it is known whether the surface is closed, and neither distances nor winding numbers miss it.
    """
    mesh = Trimesh(vertices, faces, process=False)
    mesh.remove_unreferenced_vertices()
    mesh.merge_vertices()  # within 1e-8
    apart = (mesh.faces != np.roll(mesh.faces, 1, axis=1)).all(1)
    mesh.update_faces(apart)
    remarks = []
    chosen = choose_repeated(mesh.faces)
    if len(chosen) < len(mesh.faces):
        remarks.append(f"has {len(mesh.faces) - len(chosen):,} triangles where others are; they are left out")
        mesh.update_faces(chosen)
    gaps = count_open_edges(mesh.faces)
    if gaps and not mesh.is_winding_consistent:
        mesh.faces = turn_alike(mesh)
        gaps = count_open_edges(mesh.faces)
        done = "they are turned alike" if mesh.is_winding_consistent else "they cannot be turned alike"
        remarks.append(f"has faces that look in different directions; {done}")
    if gaps == 0:
        remarks += turn_outwards(mesh)
    solid = gaps == 0 and bool(volumes(mesh).sum() > THIN)
    if not solid:
        why = f"is open along {gaps:,} edges" if gaps else "encloses nothing"
        remarks.append(f"{why}: it has no inside, so that IoU and distance error are not known")
    thick = heights(mesh) > THIN
    without_area = (~apart).sum() + (~thick).sum()
    if without_area:
        remarks.append(f"has {without_area:,} triangles without area; they are left out")
        mesh.update_faces(thick)
        mesh.remove_unreferenced_vertices()
    return RepairedMesh(mesh, solid, remarks)


def choose_repeated(faces: Faces) -> Int[np.ndarray, "c"]:
    """The triangles that are kept where several have the same corners, by their numbers.

    Two that look in opposite directions, as a wall between two bodies has them, are both left out if what remains is
    closed; else one of them stays.
    """
    first, which = unique_rows(np.sort(faces, axis=1))
    if len(first) == len(faces):
        return np.arange(len(faces))
    even = (faces < np.roll(faces, -1, axis=1)).sum(1) == 2  # a permutation of sorted corners
    net = np.bincount(which, np.where(even, 1, -1))
    facing = np.flatnonzero(np.where(even, 1, -1) == np.sign(net)[which])
    kept = facing[np.unique(which[facing], return_index=True)[1]]
    return np.sort(kept if len(kept) and not count_open_edges(faces[kept]) else first)


def count_open_edges(faces: Faces) -> int:
    """The number of edges that are passed more often in one direction than in the other; 0 for closed surfaces.

    The winding number is whole everywhere then, also where more than two triangles meet in an edge.
    """
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    keys = np.minimum(start, end) * (faces.max(initial=0) + 1) + np.maximum(start, end)
    _, which = np.unique(keys, return_inverse=True)
    return int(np.count_nonzero(np.bincount(which, np.sign(end - start))))


def turn_alike(mesh: Trimesh) -> Faces:
    """Faces of which neighbours go along their common edge in opposite directions, as few as possible turned.

    Of the graph in which each face stands for itself and for its reverse, connected are those that belong together.
    """
    faces, count = np.asarray(mesh.faces), len(mesh.faces)
    (one, other), (start, end) = mesh.face_adjacency.T, mesh.face_adjacency_edges.T
    forward = [
        ((faces[f] == start[:, None]) & (np.roll(faces[f], -1, axis=1) == end[:, None])).any(1) for f in (one, other)
    ]
    crossed = np.where(forward[0] == forward[1], count, 0)
    rows, columns = np.concatenate([one, one + count]), np.concatenate([other + crossed, other + count - crossed])
    graph = coo_matrix((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(2 * count,) * 2)
    labels = connected_components(graph, directed=False)[1]
    itself, reverse = labels[:count], labels[count:]
    unturned = np.bincount(itself, minlength=2 * count)
    fewer = unturned[itself] < unturned[reverse]
    turned = np.where(unturned[itself] == unturned[reverse], itself > reverse, fewer)
    return np.where(turned[:, None], faces[:, ::-1], faces)


def turn_outwards(mesh: Trimesh) -> list[str]:
    """Turn closed bodies so that they have a positive volume, each together with those that lie within it: its hollows.

    Where more than two triangles meet in an edge, bodies are not told apart, and all are turned or none.
    """
    labels = np.zeros(len(mesh.faces), dtype=np.int64)
    if mesh.is_watertight:
        labels = connected_component_labels(mesh.face_adjacency, len(mesh.faces))
    of_bodies = np.bincount(labels, volumes(mesh))
    if (of_bodies > 0).all():
        return []
    turned = find_inward_bodies(mesh, labels, of_bodies)
    mesh.faces = np.where(turned[labels][:, None], mesh.faces[:, ::-1], mesh.faces)
    if turned.all():
        return ["has its faces inside out; they are turned"]
    return [f"has {turned.sum():,} of its {len(turned):,} bodies inside out; they are turned"] if turned.any() else []


def find_inward_bodies(
    mesh: Trimesh, labels: Int[np.ndarray, "f"], volumes: Float[np.ndarray, "b"]
) -> Bool[np.ndarray, "b"]:
    """Whether each body has a negative volume, or lies within one that has, from the largest on."""
    faces = np.split(labels.argsort(kind="stable"), np.bincount(labels).cumsum()[:-1])
    corners = mesh.triangles[[body[0] for body in faces], 0]
    left, inwards = np.ones(len(faces), dtype=bool), volumes < 0
    for body in np.abs(volumes).argsort()[::-1]:
        if left[body]:
            left[body] = False
            others = np.flatnonzero(left)
            alone = mesh.submesh([faces[body]], append=True, repair=False)
            assert isinstance(alone, Trimesh)
            within = others[np.abs(winding_number(alone)(corners[others])) > 0.5]
            left[within] = False
            inwards[within] = inwards[body]
    return inwards


def volumes(mesh: Trimesh) -> Float[np.ndarray, "f"]:
    """The signed volume between each triangle and the middle of the cube; that of a closed surface in all."""
    a, b, c = np.moveaxis(mesh.triangles - 0.5, 1, 0)
    return (a * np.cross(b, c)).sum(-1) / 6


def heights(mesh: Trimesh) -> Float[np.ndarray, "f"]:
    """The height of each triangle above its longest side."""
    sides = np.linalg.norm(mesh.triangles - np.roll(mesh.triangles, 1, axis=1), axis=-1)
    return 2 * mesh.area_faces / sides.max(-1, initial=np.finfo(float).tiny)


def share_inside(mesh: Trimesh, points: Points, normals: Points) -> float:
    """The share of the points of a solid's surface that lie within it, as they do where its bodies overlap."""
    return float((winding_number(mesh)(points + BESIDE * normals) > 0.5).mean())
