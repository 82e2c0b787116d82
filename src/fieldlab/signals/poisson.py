"""The classical solution for a gradient field: the image whose gradients come closest to it."""

import math

import numpy as np
import torch
from jaxtyping import Float
from scipy.fft import dct, dst, idctn
from torch import Tensor


def solve(gradients: Float[Tensor, "*grid c dim"], spacing: tuple[float, ...]) -> Float[Tensor, "*grid c"]:
    """The u of least sum_j |d_j u - g_j|^2 over the samples, among all cosine series on the grid; its mean is 0.

    In that basis, cos(pi k (i + 1/2) / N) along each axis, the normal equations of Poisson's problem are diagonal:
    a_k = -sum_j w_j b_jk / sum_j w_j^2 with w_j = pi k_j / (N_j h_j), where b_j are the coefficients of g_j in sines
    along axis j and cosines along the others. Nothing is assumed at the border.
    """
    g = gradients.double().numpy()
    grid = g.shape[:-2]
    frequencies = np.meshgrid(
        *(math.pi * np.arange(n) / (n * h) for n, h in zip(grid, spacing, strict=True)), indexing="ij"
    )
    above = np.zeros((*grid, g.shape[-2]))
    below = np.zeros(grid)
    for j, w in enumerate(frequencies):
        b = g[..., j]
        for axis in range(len(grid)):
            b = np.asarray((dst if axis == j else dct)(b, axis=axis, norm="ortho"))
        b = np.roll(b, 1, axis=j)  # the sine transform starts at frequency 1
        above -= w[..., None] * b  # what was rolled to frequency 0 has weight 0
        below += w**2
    below.flat[0] = 1.0  # the mean is free
    return torch.from_numpy(np.asarray(idctn(above / below[..., None], axes=range(len(grid)), norm="ortho"))).float()
