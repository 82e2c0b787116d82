"""FINER++ with complex Gabors, the authors' WF (Zhu et al. 2024, arXiv:2407.19434)."""

from jaxtyping import Float
from torch import Tensor

from fieldlab.networks.finer import draw_first_bias, stretch
from fieldlab.networks.wire import Wire


class FinerWire(Wire):
    """`Wire` of (|Re z| + 1) Re z + j (|Im z| + 1) Im z in place of z, as in the paper; its code takes the complex sine of that first.

    `first_bias` and `detached` as for `Finer`.
    """

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        width: int,
        depth: int,
        omega_0: float,
        scale: float,
        first_bias: float | None,
        detached: bool,
    ) -> None:
        super().__init__(features, channels, width=width, depth=depth, omega_0=omega_0, scale=scale)
        draw_first_bias(self, first_bias)
        self.detached = detached

    def wavelet(self, real: Float[Tensor, "*n w"], imaginary: Float[Tensor, "*n w"]) -> Float[Tensor, "*n 2*w"]:
        return super().wavelet(*(stretch(part, detached=self.detached) for part in (real, imaginary)))
