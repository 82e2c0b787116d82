"""Projections: sums along parallel rays, as a tomograph measures them."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.tasks.inverse.observations.observation import Global, Pictures
from fieldlab.tasks.inverse.yardsticks import reconstruct


class Projections(Global):
    """Parallel rays at `angles` directions, evenly over half a turn: means over the diameter of the picture's inner circle.

    The picture is turned by each angle about its middle sample with bilinear interpolation and summed along its columns, as
    scikit-image's `radon` does; what lies outside the inner circle does not count. Measurement a N + r is ray r of angle a.
    Yardsticks: filtered back projection, and SART with two rounds.

    Raises:
        ValueError: a signal that is no square picture of one channel, fewer angles than 1.
    """

    def __init__(self, *, grid: tuple[int, ...], channels: int, angles: int) -> None:
        if len(grid) != 2 or grid[0] != grid[1] or channels != 1:
            raise ValueError(
                "projections are taken of square pictures of one channel; signal.channels=grey, signal.size=128"
            )
        if angles < 1:
            raise ValueError(f"angles must be at least 1, not {angles}")
        super().__init__(grid, channels)
        self.side, self.angles = grid[0], angles
        self.theta = np.arange(angles) * 180.0 / angles
        self.register_buffer("matrix", make_matrix(self.side, self.theta), persistent=False)
        self.count, self.width = angles * self.side, 1

    def measure(self, values: Float[Tensor, "m n c"]) -> Float[Tensor, "m k w"]:
        matrix: Tensor = self.matrix  # type: ignore[assignment]
        return torch.sparse.mm(matrix.to(values.dtype), values[..., 0].T).T.unsqueeze(-1)

    def draw(self, measured: Float[Tensor, "k w"]) -> Float[Tensor, "h v c"] | None:
        sinogram = measured.unflatten(0, (self.angles, self.side)).transpose(0, 1)
        return sinogram / sinogram.max().clamp_min(1e-6)

    def yardsticks(self, measured: Float[Tensor, "k w"]) -> Pictures:
        sinogram = self.side * measured[:, 0].unflatten(0, (self.angles, self.side)).T  # sums, ray by angle
        return reconstruct(sinogram, self.theta)


def make_matrix(side: int, theta: np.ndarray) -> Tensor:
    """The sparse matrix [angles * side, side * side] of all rays, divided by the side."""
    middle = side // 2
    row, column = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    inside = (row - middle) ** 2 + (column - middle) ** 2 <= middle**2
    rays, samples, weights = [], [], []
    for a, angle in enumerate(np.deg2rad(theta)):
        # where the sample (row, column) of the turned picture comes from
        u, v = column - middle, row - middle
        x = np.cos(angle) * u + np.sin(angle) * v + middle
        y = -np.sin(angle) * u + np.cos(angle) * v + middle
        left, top = np.floor(x).astype(int), np.floor(y).astype(int)
        for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
            i, j = top + down, left + across
            weight = (1 - np.abs(y - i)) * (1 - np.abs(x - j))
            known = (i >= 0) & (i < side) & (j >= 0) & (j < side) & (weight > 1e-12)
            known[known] &= inside[i[known], j[known]]
            rays.append(a * side + column[known])
            samples.append(side * i[known] + j[known])
            weights.append(weight[known] / side)
    index = torch.from_numpy(np.stack([np.concatenate(rays), np.concatenate(samples)]))
    values = torch.from_numpy(np.concatenate(weights)).float()
    return torch.sparse_coo_tensor(index, values, (len(theta) * side, side * side), check_invariants=False).coalesce()
