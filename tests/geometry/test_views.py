"""Views: where things are, and that the nearest is seen."""

import numpy as np
import trimesh

from fieldlab.geometry import views as shade
from fieldlab.geometry.compare import sample_mesh


def ball(centre, radius: float, count: int = 60_000):
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    mesh.apply_translation(centre)
    drawn = sample_mesh(mesh, count)
    return drawn.points, drawn.normals


def test_a_ball_is_a_disc_of_its_size():
    picture = shade.draw(*ball([0.5, 0.5, 0.5], 0.25), views=[(0, 0)])
    assert picture.shape == (shade.SIZE, shade.SIZE, 3)
    seen = (picture < 250).any(-1)
    area = np.pi * (0.25 * shade.SIZE / shade.WIDTH) ** 2
    assert seen.sum() == np.clip(seen.sum(), 0.97 * area, 1.08 * area)
    middle = picture[shade.SIZE // 2, shade.SIZE // 2].astype(int)
    edge = picture[shade.SIZE // 2, int(shade.SIZE / 2 + 0.24 * shade.SIZE / shade.WIDTH)].astype(int)
    assert (middle > edge + 50).all()  # lit from the viewer


def test_the_second_axis_is_up_and_the_first_one_right():
    picture = shade.draw(*ball([0.5, 0.8, 0.5], 0.1), views=[(0, 0)])
    rows, _ = np.nonzero((picture < 250).any(-1))
    assert rows.max() < shade.SIZE / 2
    picture = shade.draw(*ball([0.8, 0.5, 0.5], 0.1), views=[(0, 0)])
    _, columns = np.nonzero((picture < 250).any(-1))
    assert columns.min() > shade.SIZE / 2


def test_the_nearer_hides_the_farther():
    near, far = ball([0.5, 0.5, 0.8], 0.1), ball([0.5, 0.5, 0.2], 0.1)
    points, normals = (np.concatenate(pair) for pair in zip(near, far, strict=True))
    colours = np.repeat([[1.0, 0, 0], [0, 0, 1.0]], len(near[0]), axis=0)
    front, back = (shade.draw(points, normals, colours, views=[(angle, 0)]) for angle in (0, 180))
    middle = shade.SIZE // 2
    assert front[middle, middle].tolist() == [255, 0, 0]
    assert back[middle, middle].tolist() == [0, 0, 255]


def test_what_lies_outside_the_picture_is_left_out():
    assert (shade.draw(*ball([3.0, 0.5, 0.5], 0.1), views=[(0, 0)]) == 255).all()
