"""The picture of a kernel: its profile, its spectrum, and what gradient descent leaves of each octave."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from torch import Tensor

from fieldlab.tasks.kernel.learning import Learning


def draw(file: Path, profile: Mapping[str, Tensor], learning: Learning | None) -> None:
    """Draw a square of three panels; the lower two where learning was followed."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    top, *below = figure.subplots(3 if learning else 1, 1, squeeze=False)[:, 0]
    top.plot(profile["samples"], profile["kernel"], color="C0", linewidth=1.2)
    top.set_xlabel("distance from the middle (samples)", fontsize=8)
    top.set_ylabel("kernel", fontsize=8)
    if learning:
        spectrum, left = below
        spectrum.loglog(
            range(1, len(learning.spectrum) + 1),
            learning.spectrum.clamp_min(1e-12),
            ".-",
            color="C0",
            linewidth=1,
            markersize=3,
        )
        spectrum.set_xlabel("eigenvalue number", fontsize=8)
        spectrum.set_ylabel("eigenvalue", fontsize=8)
        shades = mpl.colormaps["viridis"]
        for i, low in enumerate(learning.edges):
            shade = shades(i / max(1, len(learning.edges) - 1))
            left.semilogx(learning.steps, learning.left[:, i], color=shade, linewidth=1.2, label=f"{low}–{2 * low}")
        left.set_xlabel("steps of gradient descent", fontsize=8)
        left.set_ylabel("amplitude left", fontsize=8)
        left.legend(fontsize=6, ncols=2, frameon=False, title="periods a side", title_fontsize=6)
    for axes in figure.axes:
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=100)
