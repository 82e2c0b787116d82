"""Fourier samples: some of a signal's frequencies are measured, as magnetic resonance does."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fieldlab.tasks.inverse.observations.observation import Global, Pictures


class FourierSamples(Global):
    """A random `fraction` of the frequencies of the unitary Fourier transform, real and imaginary part, each of channel by channel.

    All within `centre` (a share of the highest frequency, along every axis) are measured, and of the others more low ones than high ones: frequency f is drawn with
    a chance in proportion to (1 - |f| / |f|_max)^power, `power` 0 for none preferred. They are drawn with a `seed` of their own. Yardstick: the
    inverse transform with zeros for what was not measured, which is A^T of the measurements.

    Raises:
        ValueError: a fraction or a centre that is none, a centre that is more than the fraction.
    """

    def __init__(
        self, *, grid: tuple[int, ...], channels: int, fraction: float, centre: float, power: float, seed: int
    ) -> None:
        super().__init__(grid, channels)
        if not 0 < fraction <= 1:
            raise ValueError(f"fraction must be above 0 and at most 1, not {fraction}")
        if not 0 <= centre < 1 or power < 0:
            raise ValueError(f"centre must be from 0 to below 1, and power not negative, not {centre} and {power}")
        seen = draw_frequencies(grid, fraction, centre, power, seed)
        self.register_buffer("numbers", seen.flatten().nonzero()[:, 0], persistent=False)
        self.seen = seen
        self.count, self.width = int(seen.sum()), 2 * channels

    def measure(self, values: Float[Tensor, "m n c"]) -> Float[Tensor, "m k w"]:
        axes = tuple(range(1, 1 + len(self.grid)))
        transformed = torch.fft.fftn(values.unflatten(1, self.grid), dim=axes, norm="ortho")
        numbers: Tensor = self.numbers  # type: ignore[assignment]
        return torch.view_as_real(transformed.flatten(1, len(self.grid))[:, numbers]).flatten(2)

    def fill(self, measured: Float[Tensor, "k w"]) -> Float[Tensor, "*grid c"]:
        """The inverse transform, with zeros for what was not measured: its real part."""
        numbers: Tensor = self.numbers  # type: ignore[assignment]
        whole = torch.zeros(self.samples, self.channels, dtype=torch.complex64)
        whole[numbers.cpu()] = torch.view_as_complex(measured.unflatten(1, (self.channels, 2)).contiguous())
        axes = tuple(range(len(self.grid)))
        return torch.fft.ifftn(whole.unflatten(0, self.grid), dim=axes, norm="ortho").real

    def draw(self, measured: Float[Tensor, "k w"]) -> Float[Tensor, "h v c"] | None:
        if len(self.grid) != 2:
            return None
        shown = torch.zeros(self.samples)
        numbers: Tensor = self.numbers  # type: ignore[assignment]
        shown[numbers.cpu()] = measured.norm(dim=1).log1p()
        return torch.fft.fftshift((shown / shown.max().clamp_min(1e-6)).unflatten(0, self.grid)).unsqueeze(-1)

    def yardsticks(self, measured: Float[Tensor, "k w"]) -> Pictures:
        return {"zero-filled": self.fill(measured)}


def draw_frequencies(
    grid: tuple[int, ...], fraction: float, centre: float, power: float, seed: int
) -> Bool[Tensor, "*grid"]:
    """Which frequencies are measured, in the order of the transform.

    Raises:
        ValueError: more of them within the centre than there may be.
    """
    lines = [torch.fft.fftfreq(size) * 2 for size in grid]
    frequency = torch.stack(torch.meshgrid(*lines, indexing="ij"), dim=-1)
    within = (frequency.abs() <= centre).all(-1) if centre else (frequency == 0).all(-1)
    left = round(fraction * within.numel()) - int(within.sum())
    if left < 0:
        raise ValueError(
            f"centre: {int(within.sum())} frequencies lie within {centre}, more than fraction {fraction} of all"
        )
    far = frequency.norm(dim=-1) / math.sqrt(len(grid))
    chance = ((1 - far).clamp_min(0) ** power + 1e-9) * ~within
    seen = within.flatten().clone()
    if left:
        generator = torch.Generator().manual_seed(seed)
        seen[torch.multinomial(chance.flatten(), left, replacement=False, generator=generator)] = True
    return seen.unflatten(0, grid)
