"""The multi-resolution hash grid (Müller et al. 2022, arXiv:2201.05989), as tiny-cuda-nn computes it."""

from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor

from fieldlab.encodings.level_grid import LevelGrid, join_axes

PRIMES = (1, 2654435761, 805459861, 3674653429, 2097192037, 1434869437, 2165219737)


class HashGrid(LevelGrid):
    """A `LevelGrid` of at most T = 2^log2_table_size entries a level: where vertices are more, vertex i has entry
    XOR_j (i_j pi_j) mod T, with pi_1 = 1 and large primes along the other axes, and several vertices share an entry.

    Paper and tiny-cuda-nn disagree; this is tiny-cuda-nn: s_l is base_resolution growth^l - 1, where the paper has the whole part
    of base_resolution growth^l, and places are shifted by half a cell, which the paper has in its appendix only: so the vertices of
    different levels do not coincide at 0.

    Raises:
        ValueError: more than 7 axes, a table of no or too many entries, and what a `LevelGrid` refuses.
    """

    primes: Tensor

    def __init__(
        self,
        dim: int,
        *,
        levels: int,
        features_per_level: int,
        base_resolution: int,
        growth: float,
        log2_table_size: int,
        interpolation: Literal["linear", "smoothstep"],
        init_range: float,
    ) -> None:
        if dim > len(PRIMES):
            raise ValueError(f"a hash is defined for 1 to {len(PRIMES)} coordinates, not for {dim}")
        if not 1 <= log2_table_size <= 30:
            raise ValueError(f"log2_table_size must be from 1 to 30, not {log2_table_size}")
        self.most_entries = 2**log2_table_size
        super().__init__(
            dim,
            levels=levels,
            features_per_level=features_per_level,
            base_resolution=base_resolution,
            growth=growth,
            interpolation=interpolation,
            init_range=init_range,
        )
        self.last = self.most_entries - 1
        # modulo T from the start: products then wrap at 32 bits, which T divides, without harm
        primes = [prime & self.last for prime in PRIMES[:dim]]
        self.register_buffer("primes", torch.tensor(primes, dtype=torch.int32)[:, None, None])

    def find_entries(self, sides: Int[Tensor, "2 dim l n"]) -> Int[Tensor, "c l n"]:
        dense = len(self.sizes)
        coarse = self.count_along(sides[:, :, :dense])
        fine = join_axes(sides[:, :, dense:] * self.primes & self.last, torch.bitwise_xor)
        return torch.cat([coarse, fine], dim=1) + self.offsets
