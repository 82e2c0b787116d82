"""Pixels: colours and alpha of a picture's file, at its own depth."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Pixels:
    """Colours in [0, 1], and what covers the background where the picture is transparent.

    `levels` is the whole number that 1 stands for; 0 where the values are of no whole levels.
    """

    colours: Float[np.ndarray, "rows columns c"]
    alpha: Float[np.ndarray, "rows columns"] | None
    levels: int

    def over(self, background: tuple[int, ...]) -> Float[np.ndarray, "rows columns c"]:
        """The colours composited on a background of 8 bits; a picture of 8 bits stays one."""
        if self.alpha is None:
            return self.colours
        cover = self.alpha[..., None]
        below = np.array(background[:3], dtype=np.float32) / 255
        mixed = self.colours * cover + below * (1 - cover)
        return np.round(mixed * 255) / np.float32(255) if self.levels == 255 else mixed
