"""Noise: what measuring adds."""

import torch
from jaxtyping import Float
from torch import Tensor


class Noise:
    """Photons that are counted, and what reading them out adds: Poisson(photons y) / photons + readout N(0, 1).

    `photons` is the mean count where the measurement is 1, None for none that are counted; `readout` is a standard deviation in units of
    the values. It is drawn with a `seed` of its own, alike for every field and every seed of a fit.

    Raises:
        ValueError: fewer than no photons, a negative readout.
    """

    def __init__(self, photons: float | None, readout: float, seed: int) -> None:
        if photons is not None and photons <= 0:
            raise ValueError(f"photons must be positive, or null for no counting, not {photons}")
        if readout < 0:
            raise ValueError(f"readout must not be negative, like {readout}")
        self.photons, self.readout, self.seed = photons, readout, seed

    def add(self, clean: Float[Tensor, "k w"]) -> Float[Tensor, "k w"]:
        """Noisy measurements.

        Raises:
            ValueError: photons where measurements are negative, as Fourier samples are.
        """
        generator = torch.Generator().manual_seed(self.seed)
        noisy = clean
        if self.photons is not None:
            if clean.min() < -1e-3:
                raise ValueError(
                    f"photons are counted of what is not negative, and measurements go down to {clean.min():.2g} here; noise.readout suits them"
                )
            noisy = torch.poisson(clean.clamp_min(0) * self.photons, generator) / self.photons
        return noisy + self.readout * torch.randn(clean.shape, generator=generator)
