"""Normals that were not given."""

import numpy as np
import trimesh

from fieldlab.geometry.compare import sample_mesh
from fieldlab.geometry.knot import TorusKnot
from fieldlab.geometry.normals import estimate_normals


def test_normals_of_a_knot_are_found_on_the_right_side():
    knot = TorusKnot(2, 3, 0.5)
    x, normals = knot.project(sample_mesh(knot.mesh, 6000).points)
    agreement = (estimate_normals(x) * normals).sum(1)
    assert np.median(agreement) > 0.99
    assert (agreement > 0).all()


def test_each_connected_part_is_oriented_by_itself():
    balls = [trimesh.creation.icosphere(subdivisions=4, radius=0.3) for _ in range(2)]
    balls[1].apply_translation([5, 0, 0])
    drawn = [sample_mesh(ball, 1500) for ball in balls]
    found = estimate_normals(np.concatenate([part.points for part in drawn]))
    assert ((found * np.concatenate([part.normals for part in drawn])).sum(1) > 0.9).all()
