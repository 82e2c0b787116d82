"""Importance sampling: samples with a large number are drawn more often, and count less each time."""

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.training.sampling.sampling import Drawn, Sights, check_losses
from fieldlab.training.sampling.watching import Watching


class Importance(Watching):
    """Sample i of k is drawn with probability q_i = (1 - uniform) s_i / sum s + uniform / k, and has the weight (1 / (k q_i))^alpha.

    s_i is a number that is seen of it. With `alpha` 1 the loss is unbiased, whatever s: E[w f] = sum_i q_i f_i / (k q_i) is the mean of f over
    all samples, and no weight is above 1 / uniform. With less it is not: what is drawn more often counts more, wholly so at 0.

    Raises:
        ValueError: a share that is not in (0, 1], an alpha that is not in [0, 1].
    """

    def __init__(self, *, uniform: float, alpha: float) -> None:
        if not 0 < uniform <= 1:
            raise ValueError(f"uniform is a share of a step's samples, above 0 and at most 1, not {uniform}")
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha must be from 0, no weights, to 1, no bias, not {alpha}")
        self.uniform = uniform
        self.alpha = alpha

    def check(self, batch_size: int | None, sights: Sights) -> None:
        super().check(batch_size, sights)
        check_losses(sights)

    def count(self, batch_size: int, size: int) -> int:
        return min(batch_size, size)

    @abstractmethod
    def see(self, region: str) -> Float[Tensor, "m k"]:
        """s, for every sample of a region."""

    def look(self, region: str) -> Float[Tensor, "m k"]:
        """The cumulative sums of q, in double precision; where nothing is to be seen all are alike."""
        s = self.see(region).double().nan_to_num(0.0, 0.0, 0.0)
        total = s.sum(1, keepdim=True)
        share = torch.where(total > 0, s / total, 1 / s.shape[1])
        return ((1 - self.uniform) * share + self.uniform / s.shape[1]).cumsum(1)

    def choose(self, seen: Float[Tensor, "k"], count: int, generator: torch.Generator) -> Drawn:
        place = torch.rand(count, generator=generator, device=seen.device, dtype=torch.float64) * seen[-1]
        index = torch.searchsorted(seen, place, right=True).clamp_max(len(seen) - 1)
        q = seen.diff(prepend=seen.new_zeros(1))[index]
        return Drawn(index, (len(seen) * q).pow(-self.alpha).float())
