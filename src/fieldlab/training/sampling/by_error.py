"""Sampling by error: soft mining (Kheradmand et al. 2024, arXiv:2312.00075), on samples that can be counted."""

from jaxtyping import Float
from torch import Tensor

from fieldlab.training.sampling.importance import Importance


class ByError(Importance):
    """`Importance` of the root of the loss at each sample, for squared residuals their size |r|, seen anew every `every` steps.

    The paper draws from q ~ |r| by Langevin dynamics in continuous coordinates, starts afresh where errors are smallest, and weighs by q^-alpha with
    alpha 0.6; here samples are those of a grid or a cloud, so that q is known, and drawn from, exactly. Residuals are as old as the last
    look, which alters what is drawn and not the expectation of the loss. A look takes about a third of the time of a step on
    all samples.

    Raises:
        ValueError: an `every` below 1, and what `Importance` refuses.
    """

    def __init__(self, *, every: int, uniform: float, alpha: float) -> None:
        super().__init__(uniform=uniform, alpha=alpha)
        if every < 1:
            raise ValueError(f"every must be at least 1 step, not {every}")
        self.every = every

    def see(self, region: str) -> Float[Tensor, "m k"]:
        assert self.sights.losses
        return self.sights.losses(region).sqrt()

    def interval(self, step: int) -> int:
        return self.every
