"""The kernel of an encoding: ridge regression on its features."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.field import POINTS_AT_ONCE
from fieldlab.kernels.feature_map import FeatureMap


class Encoding(FeatureMap):
    """k(x, x') = gamma(x) . gamma(x') / F, for the F features gamma of the field's encoding; its network is not asked.

    A prediction with it is ridge regression on the features: the linear baseline of every network behind this encoding. Of an encoding that
    is trained, a hash grid, they are those that are drawn.
    """

    def features(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "n features"]:
        low, high = self.field.coordinates
        blocks = [self.field.encoding(low + (high - low) * block) for block in x.split(POINTS_AT_ONCE)]
        phi = torch.cat(blocks)
        return phi / math.sqrt(phi.shape[1])

    def pull(self, x: Float[Tensor, "n dim"], alpha: Float[Tensor, "n"]) -> Float[Tensor, "features"]:
        pairs = zip(x.split(POINTS_AT_ONCE), alpha.split(POINTS_AT_ONCE), strict=True)
        return torch.stack([self.features(points).T @ share for points, share in pairs]).sum(0)

    def push(self, x: Float[Tensor, "n dim"], theta: Float[Tensor, "features"]) -> Float[Tensor, "n"]:
        return torch.cat([self.features(points) @ theta for points in x.split(POINTS_AT_ONCE)])

    def gram(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "n n"]:
        phi = self.features(x)
        return phi @ phi.T
