"""A torus knot: a shape whose signed distance is known exactly."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree
from trimesh import Trimesh

from fieldlab.geometry.compare import Surface, sample_mesh

ALONG, AROUND = 1536, 48  # vertices of the mesh
LINE_SAMPLES = 4096  # of the centre line, from which the nearest point is sought
NEWTON_STEPS = 5


@dataclass(frozen=True)
class TorusKnot:
    """The tube of radius `tube` around a curve that winds p times around an axis and q times around a circle about it.

    c(t) = ((2 + cos qt) cos pt, (2 + cos qt) sin pt, sin qt), 0 <= t < 2 pi; p and q without a common divisor.

    Raises:
        ValueError: p and q with a common divisor, a tube so thick that it touches itself.
    """

    p: int
    q: int
    tube: float

    def __post_init__(self) -> None:
        if min(self.p, self.q) < 1 or np.gcd(self.p, self.q) != 1:
            raise ValueError(f"p and q must be positive, without a common divisor, not {self.p} and {self.q}")
        if not 0 < self.tube < self.reach:
            raise ValueError(f"tube must be between 0 and {self.reach:.3f}, where it touches itself, not {self.tube}")

    def curve(self, t: Float[np.ndarray, "n"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """c, c' and c'', [n, 3]."""
        p, q = self.p, self.q
        radius, slope, bend = 2 + np.cos(q * t), -q * np.sin(q * t), -q * q * np.cos(q * t)
        cos, sin = np.cos(p * t), np.sin(p * t)
        c = np.stack([radius * cos, radius * sin, np.sin(q * t)], -1)
        first = np.stack([slope * cos - radius * p * sin, slope * sin + radius * p * cos, q * np.cos(q * t)], -1)
        across, along = bend - radius * p * p, 2 * slope * p
        second = np.stack([across * cos - along * sin, across * sin + along * cos, -q * q * np.sin(q * t)], -1)
        return c, first, second

    @cached_property
    def line_samples(self) -> tuple[Float[np.ndarray, "n"], KDTree]:
        """Evenly spaced values of t, and a tree of the curve's points there."""
        t = np.arange(LINE_SAMPLES) * (2 * np.pi / LINE_SAMPLES)
        return t, KDTree(self.curve(t)[0])

    @cached_property
    def reach(self) -> float:
        """How far from the curve the nearest point of it is unique: less than its radius of curvature everywhere, and
        than half of its distance to itself."""
        t = np.arange(1024) * (2 * np.pi / 1024)
        c, first, second = self.curve(t)
        speed = np.linalg.norm(first, axis=-1)
        curvature = (speed**3 / np.linalg.norm(np.cross(first, second), axis=-1)).min()
        length = np.cumsum(speed) * (2 * np.pi / 1024)
        apart = np.abs(length[:, None] - length)
        apart = np.minimum(apart, length[-1] - apart)
        distance = np.linalg.norm(c[:, None] - c, axis=-1)
        return float(min(curvature, distance[apart > np.pi * curvature].min(initial=np.inf) / 2))

    def nearest(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """The nearest point of the curve, by Newton's method from the nearest of 4,096 samples."""
        times, tree = self.line_samples
        start = times[tree.query(x, workers=-1)[1]]
        t, most = start, 2 * np.pi / LINE_SAMPLES
        for _ in range(NEWTON_STEPS):
            c, first, second = self.curve(t)
            slope = ((c - x) * first).sum(-1)
            bend = (first * first).sum(-1) + ((c - x) * second).sum(-1)
            step = np.where(bend > 0, slope / np.where(bend > 0, bend, 1), np.sign(slope) * most)
            t = start + np.clip(t - step - start, -most, most)
        return self.curve(t)[0]

    def distance(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """Signed distance to the tube, negative inside."""
        return np.linalg.norm(x - self.nearest(x), axis=-1) - self.tube

    def project(self, x: Float[np.ndarray, "n 3"]) -> tuple[np.ndarray, np.ndarray]:
        """The nearest points of the tube, and the normals there."""
        c = self.nearest(x)
        normals = (x - c) / np.linalg.norm(x - c, axis=-1, keepdims=True)
        return c + self.tube * normals, normals

    def surface(self, count: int, seed: int) -> Surface:
        """Points of the tube, drawn uniformly by area, with exact nearest points."""

        def nearest(x: Float[np.ndarray, "n 3"]) -> tuple[np.ndarray, np.ndarray]:
            return np.abs(self.distance(x)), self.project(x)[1]

        return Surface(*self.project(sample_mesh(self.mesh, count, seed).points), nearest)

    @cached_property
    def mesh(self) -> Trimesh:
        """The tube as triangles, with its vertices on it."""
        t = np.arange(ALONG) * (2 * np.pi / ALONG)
        c, first, _ = self.curve(t)
        out = np.stack(
            [np.cos(self.q * t) * np.cos(self.p * t), np.cos(self.q * t) * np.sin(self.p * t), np.sin(self.q * t)], -1
        )
        side = np.cross(
            first / np.linalg.norm(first, axis=-1, keepdims=True), out
        )  # `out` is normal to the torus, so to c'
        angle = (np.arange(AROUND) * (2 * np.pi / AROUND))[:, None]
        vertices = c[:, None] + self.tube * (np.cos(angle) * out[:, None] + np.sin(angle) * side[:, None])
        i, j = np.meshgrid(np.arange(ALONG), np.arange(AROUND), indexing="ij")
        a, b, d, e = (
            ((i + di) % ALONG * AROUND + (j + dj) % AROUND).ravel() for di, dj in ((0, 0), (1, 0), (1, 1), (0, 1))
        )
        faces = np.concatenate([np.stack([a, b, d], -1), np.stack([a, d, e], -1)])
        tube = Trimesh(vertices.reshape(-1, 3), faces, process=False)
        if tube.volume < 0:
            tube.invert()
        return tube
