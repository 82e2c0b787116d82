"""Sampling by gradient: where the signal is steep, it is looked at more often."""

from jaxtyping import Float
from torch import Tensor

from fieldlab.training.sampling.importance import Importance
from fieldlab.training.sampling.sampling import Sights


class ByGradient(Importance):
    """`Importance` of the size of the signal's gradient, |grad y| over axes and channels, as the task's `stencil` takes it of the training samples alone.

    It is known beforehand and never changes. EGRA, as EVOS's authors compare with it, is this with alpha 0.

    Raises:
        ValueError: what `Importance` refuses.
    """

    def check(self, batch_size: int | None, sights: Sights) -> None:
        super().check(batch_size, sights)
        if sights.slopes is None:
            raise ValueError(
                "only training samples on a lattice say how steep a signal is, without asking held-out ones: split=stride, columns or all, and no"
                " clouds; take sampling=error"
            )

    def see(self, region: str) -> Float[Tensor, "m k"]:
        assert self.sights.slopes
        return self.sights.slopes(region)

    def interval(self, step: int) -> int:
        return self.steps + 1
