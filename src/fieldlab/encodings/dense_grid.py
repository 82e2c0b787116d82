"""The multi-resolution grid without hashing (Müller et al. 2022, arXiv:2201.05989), as tiny-cuda-nn computes it."""

from jaxtyping import Int
from torch import Tensor

from fieldlab.encodings.level_grid import LevelGrid


class DenseGrid(LevelGrid):
    """A `LevelGrid` with an entry for every vertex, N_l^dim a level: what tiny-cuda-nn calls the type Dense.

    With 256 vertices a side in the finest of 5 levels that double, and 2 features, these are 174,592 numbers in 2-D and 38,346,752
    in 3-D: 153 MB, and four times that while Adam trains them.

    Raises:
        ValueError: what a `LevelGrid` refuses.
    """

    def find_entries(self, sides: Int[Tensor, "2 dim l n"]) -> Int[Tensor, "c l n"]:
        return self.count_along(sides) + self.offsets
