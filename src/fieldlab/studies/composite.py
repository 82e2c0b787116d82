"""The figure of a composite: two photos, their plain average, and their gradients blended, classically and by fields."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from fieldlab.config.instantiate import build
from fieldlab.runs.result import Result
from fieldlab.signals.grid import Grid
from fieldlab.signals.pictures import picture

CAPTION = (
    "Two photos, their plain average, the least-squares solution of their blended gradients (stretched to [0, 1]), and"
    " fields that were fitted to the blended gradients, with their PSNR against that solution."
)


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw a row for each composite; nothing without photos."""
    by_signal: dict[str, dict[str, tuple[str, Result]]] = {}
    for name, result in results.items():
        if result.status == "finished":
            by_signal.setdefault(result.signal, {}).setdefault(result.field, (name, result))
    if not by_signal or not photos:
        return None
    columns = 4 + max(map(len, by_signal.values()))
    figure = Figure(figsize=(2.2 * columns, 2.45 * len(by_signal)), layout="constrained")
    grid = figure.subplots(len(by_signal), columns, squeeze=False)
    for axis in grid.flat:
        axis.set_axis_off()
    for axes, fits in zip(grid, by_signal.values(), strict=True):
        first, result = next(iter(fits.values()))
        one, other = originals(result)
        panels = {
            one.name: picture(one.values.numpy()),
            other.name: picture(other.values.numpy()),
            "plain average": picture(((one.values + other.values) / 2).numpy()),
            "Poisson solver": Image.open(folder / first / "target.png"),
        }
        for field, (name, fitted) in fits.items():
            panels[f"{field} {fitted.scores['full_psnr']:.2f} dB"] = Image.open(folder / name / "reconstruction.png")
        for axis, (title, panel) in zip(axes, panels.items(), strict=False):
            axis.imshow(panel, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axis.set_title(title, fontsize=8)
    figure.savefig(file, dpi=100)
    return CAPTION


def originals(result: Result) -> tuple[Grid, Grid]:
    """The two photos of a composite, at its size."""
    how = {key: result.config["signal"][key] for key in ("channels", "background", "alignment")}
    how |= {
        "_target_": "fieldlab.signals.images.image",
        "name": None,
        "mask": None,
        "page": None,
        "size": list(result.grid),
    }
    paths = (result.config["signal"][key] for key in ("path", "other"))
    one, other = (build({**how, "path": path}, "signal") for path in paths)
    return one, other
