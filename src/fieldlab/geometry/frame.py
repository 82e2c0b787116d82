"""Frame: the cube in a file's space in which everything about its shape is computed."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Points = Float[np.ndarray, "n 3"]


@dataclass(frozen=True)
class Frame:
    """The cube that canonical coordinates, [0, 1] along each axis, stand for: its centre and side in a file's units.

    Coordinates of surveys and of very small models leave few digits to single precision, and exceed what tolerances of
    geometry are made for: canonical ones, computed in doubles, do neither.
    """

    centre: Float[np.ndarray, "3"]
    side: float

    @classmethod
    def around(cls, points: Points, fill: float) -> "Frame":
        """The cube centred on points, whose longest extent is `fill` of its side.

        Raises:
            ValueError: a fill that is not between 0 and 1, points that all coincide or are too far apart for doubles.
        """
        if not 0 < fill <= 1:
            raise ValueError(f"fill must be above 0 and at most 1, not {fill}")
        low, high = points.min(0), points.max(0)
        side = float((high - low).max() / fill)
        if not 0 < side < np.inf:
            raise ValueError(f"points are {side} apart")
        return cls(low + (high - low) / 2, side)

    def canonical(self, x: Points) -> Points:
        """Points in the file's units, in canonical coordinates."""
        return (x - self.centre) / self.side + 0.5

    def original(self, x: Points) -> Points:
        """Points in canonical coordinates, in the file's units."""
        return (x - 0.5) * self.side + self.centre
