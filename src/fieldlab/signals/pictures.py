"""Pictures of samples on grids, as RGB bytes."""

import matplotlib as mpl
import numpy as np
from jaxtyping import Float

LINE_HEIGHT = 160


def picture(values: Float[np.ndarray, "*grid c"], colours: str | None = None) -> np.ndarray:
    """Values in [0, 1] as RGB bytes: an image as it is, of a volume its middle slice, of audio a graph of each channel.

    Of images of other than three channels the first is shown, in grey or in the named colours.
    """
    if values.ndim == 4:
        values = values[len(values) // 2]
    if values.ndim == 2:
        return np.concatenate([graph(channel) for channel in values.T])
    if values.shape[-1] == 3 and colours is None:
        return np.round(values * 255).astype(np.uint8)
    plane = values[..., 0]
    shades = mpl.colormaps[colours or "gray"](plane)[..., :3]
    return np.round(shades * 255).astype(np.uint8)


def graph(values: Float[np.ndarray, "n"]) -> np.ndarray:
    """The graph of samples in black on white, at most 1,024 columns: each shows its samples' extremes."""
    columns = np.array_split(values, min(len(values), 1024))
    rows = np.arange(LINE_HEIGHT)[:, None]
    top, bottom = (np.array([extreme(c) for c in columns]) for extreme in (np.max, np.min))
    low, high = ((1 - v) * (LINE_HEIGHT - 1) for v in (bottom, top))
    black = (rows >= np.floor(high)) & (rows <= np.ceil(low))
    return np.repeat(np.where(black, 0, 255).astype(np.uint8)[..., None], 3, axis=-1)
