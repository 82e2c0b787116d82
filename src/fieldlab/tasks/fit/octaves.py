"""Octaves: how far a field has come with each band of frequencies, seen on the way in a few tiles of its signal."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from fieldlab.signals.grid import Grid

NAME = "octave_"  # and a number, of the scores on a curve, the coarsest 0
SHARE = 1 / 3  # of the points that may be scored on the way
MOST_TILES = 4
LEAST_SIDE = 16  # samples
MOST_SIDE = {1: 1024, 2: 64, 3: 16}  # by axes
DARKEST = 0.01  # amplitude that is left


class Octaves:
    """What is left of each octave of a signal: |F(w e)| / |F(w y)|, with e the error and y the signal, each less its mean, within tiles.

    A tile is as fine as the signal, since fewer samples would fold high frequencies into low ones; the window w is Hann's. F is the Fourier
    transform, and the magnitudes are taken over all frequencies of an octave, by the largest number of periods along any axis, over all
    tiles and channels. 1 is what nothing has been learned of, 0 what is exact. Tiles are the same for every fit of a signal. What has
    less than a period in a tile is in none.
    """

    def __init__(self, signals: Sequence[Grid], side: int, tiles: int) -> None:
        dim, grid = signals[0].dim, signals[0].grid
        self.shape = (tiles, *[side] * dim)
        self.index = choose_tiles(grid, side, tiles)
        self.window = outer([torch.hann_window(side)] * dim)
        lows, self.parts = split_octaves(self.shape[1:])
        self.edges = [low * max(grid) / side for low in lows]
        self.x = torch.stack([signal.coordinates()[self.index] for signal in signals])
        self.y = torch.stack([signal.values.flatten(0, -2)[self.index] for signal in signals])

    @property
    def points(self) -> int:
        """Of each member."""
        return len(self.index)

    def to(self, device: torch.device) -> None:
        self.x, self.y, self.window = self.x.to(device), self.y.to(device), self.window.to(device)
        self.parts = [part.to(device) for part in self.parts]
        self.whole = self.power(self.y)

    def measure(self, values: Float[Tensor, "m n c"]) -> list[dict[str, float | None]]:
        """What is left of each octave, by member, from values at `x`; None where the signal has nothing of an octave."""
        left = (self.power(values.float() - self.y) / self.whole).sqrt()
        return [
            {f"{NAME}{i}": value if np.isfinite(value) else None for i, value in enumerate(row)}
            for row in left.tolist()
        ]

    def power(self, values: Float[Tensor, "m n c"]) -> Float[Tensor, "m octaves"]:
        """The power of each octave, over tiles and channels."""
        tiles = values.movedim(-1, 1).unflatten(-1, self.shape)  # [m, c, tile, …]
        axes = tuple(range(3, tiles.ndim))
        tiles = (tiles - tiles.mean(axes, keepdim=True)) * self.window
        power = torch.fft.fftn(tiles, dim=axes).abs().square().sum((1, 2))
        return torch.stack([power[:, part].sum(1) for part in self.parts], dim=1)


def make_octaves(signals: Sequence[Grid], affordable: int) -> Octaves | None:
    """The octaves that may be seen for so many points; None where these are too few, or the signal is too small."""
    dim, most = signals[0].dim, int(SHARE * affordable)
    sides = [2**i for i in range(2, 11) if LEAST_SIDE <= 2**i <= min(*signals[0].grid, MOST_SIDE[dim])]
    side = max((side for side in sides if side**dim <= most), default=None)
    return None if side is None else Octaves(signals, side, min(MOST_TILES, most // side**dim))


def choose_tiles(grid: Sequence[int], side: int, tiles: int) -> Int[Tensor, "n"]:
    """The samples of tiles that are spread over a grid, as numbers of flat samples, tile by tile."""
    room = torch.tensor([size - side for size in grid])
    places = torch.quasirandom.SobolEngine(len(grid)).draw(tiles + 1)[1:]  # the first one is a corner
    origins = (places * room).round().long()
    numbers = torch.arange(torch.Size(grid).numel()).view(*grid)
    parts = [numbers[tuple(slice(o, o + side) for o in origin.tolist())].flatten() for origin in origins]
    return torch.cat(parts)


def outer(axes: Sequence[Tensor]) -> Tensor:
    """The product of one factor along each axis."""
    product = axes[0]
    for factor in axes[1:]:
        product = product[..., None] * factor
    return product


def split_octaves(grid: Sequence[int]) -> tuple[list[int], list[Bool[Tensor, "..."]]]:
    """The frequencies of a Fourier transform by octaves: the lowest number of periods in each, and which entries it holds.

    A frequency counts by its largest number of periods along any axis; the mean is in none.
    """
    axes = [torch.fft.fftfreq(size, 1 / size).abs() for size in grid]
    periods = torch.stack(torch.meshgrid(*axes, indexing="ij")).amax(0)
    lows = [2**i for i in range(max(grid).bit_length() - 1)]
    return lows, [(periods >= low) & (periods < 2 * low) for low in lows]


def draw_octaves(curve: Sequence[Mapping[str, float | None]], edges: Sequence[float]) -> np.ndarray | None:
    """A heat map of what is left of each octave against steps, as RGB bytes; None where nothing was measured twice."""
    points = [point for point in curve if point.get(f"{NAME}0") is not None or f"{NAME}1" in point]
    if len(points) < 2:
        return None
    left = np.array([[point.get(f"{NAME}{i}") for point in points] for i in range(len(edges))], dtype=float)
    figure = Figure(figsize=(2.7, 2.1), layout="constrained")
    axes = figure.subplots()
    steps = [float(point["step"] or 0) for point in points]
    mesh = axes.pcolormesh(
        steps, np.arange(len(edges)), left, norm=LogNorm(DARKEST, 1), cmap="magma", shading="nearest"
    )
    axes.set_yticks(range(len(edges)), [f"{low:.4g}–{2 * low:.4g}" for low in edges])
    axes.set_xlabel("step", fontsize=7)
    axes.set_ylabel("periods a side", fontsize=7)
    axes.tick_params(labelsize=6)
    bar = figure.colorbar(mesh, ticks=[DARKEST, 0.1, 1])
    bar.ax.set_yticklabels([f"{DARKEST:g}", "0.1", "1"])
    bar.ax.tick_params(labelsize=6)
    bar.set_label("amplitude left", fontsize=7)
    file = io.BytesIO()
    figure.savefig(file, dpi=180, format="png")
    return np.asarray(Image.open(file).convert("RGB"))
