"""Colors: from the channels that are optimised to those of the images."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Colors(nn.Module):
    """rgb = M t (+ mean): channels that vary independently in natural images, mixed into the colours they have there.

    M has a column for each optimised channel. It is a square root of the colours' covariance: M M^T is, up to a factor,
    all that data determine. An identity leaves the channels as they are.

    Raises:
        ValueError: a matrix that is not square, or cannot be inverted; a mean of another length.
    """

    matrix: Tensor
    mean: Tensor

    def __init__(
        self, channels: int, *, matrix: Sequence[Sequence[float]] | None, mean: Sequence[float] | None
    ) -> None:
        super().__init__()
        square = torch.eye(channels) if matrix is None else torch.tensor(matrix, dtype=torch.float32)
        if square.shape != (channels, channels):
            raise ValueError(f"matrix is {list(square.shape)}; {channels} channels need [{channels}, {channels}]")
        if torch.linalg.matrix_rank(square) < channels:
            raise ValueError("matrix has no inverse")
        if mean is not None and len(mean) != channels:
            raise ValueError(f"mean has {len(mean)} values; {channels} channels need as many")
        self.register_buffer("matrix", square)
        self.register_buffer(
            "mean", torch.zeros(channels) if mean is None else torch.tensor(mean, dtype=torch.float32)
        )

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return torch.einsum("ij,njhw->nihw", self.matrix, images) + self.mean[:, None, None]

    def inverse(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        inverse = torch.linalg.inv(self.matrix)
        return torch.einsum("ij,njhw->nihw", inverse, images - self.mean[:, None, None])


def learn_colors(photos: Sequence[Float[Tensor, "_ c"]]) -> tuple[Float[Tensor, "c c"], Float[Tensor, "c"]]:
    """The square root of the covariance of colours within photos, by their principal components, and their mean.

    With U S U^T the mean of the photos' covariances, M = U sqrt(S) / max column length, as in Lucid; each column's sign
    makes its first entry positive. Every photo counts alike, whatever its size and tint.

    Raises:
        ValueError: colours that do not vary along some direction.
    """
    covariance = torch.stack([torch.cov(pixels.double().T, correction=0) for pixels in photos]).mean(0)
    values, vectors = torch.linalg.eigh(covariance)
    if values[0] <= 1e-12 * values[-1]:
        raise ValueError("the colours do not vary along every direction; are all pictures grey?")
    columns = vectors.flip(1) * values.flip(0).sqrt()
    columns = columns * torch.where(columns[0] < 0, -1.0, 1.0)
    mean = torch.stack([pixels.double().mean(0) for pixels in photos]).mean(0)
    return (columns / columns.norm(dim=0).max()).float(), mean.float()
