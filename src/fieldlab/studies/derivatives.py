"""A figure of derivatives: the value, gradient and Laplacian of a photo, and of the fields that were fitted to it."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from fieldlab.fitted.derivatives import derivative_panels, largest, mean_channel
from fieldlab.fitted.query import Query
from fieldlab.operators import gradient, laplacian
from fieldlab.runs.result import Result

CAPTION = (
    "Value, gradient (direction as hue, magnitude as brightness) and Laplacian (grey is 0) of the photo and of each field,"
    " on the photo's scale; over each its PSNR, of derivatives relative to the range of the photo's own. Three rows to"
    " a supervision."
)
ROWS = ("value", "gradient", "Laplacian")
SCORED = {"value": "full_psnr", "gradient": "gradient_psnr", "Laplacian": "laplacian_psnr"}


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw three rows for each supervision: the first photo, and each field by its first seed; None without photos."""
    finished = {name: result for name, result in results.items() if result.status == "finished"}
    signal = next((result.signal for result in finished.values()), None)
    if signal is None or not photos:
        return None
    by_supervision: dict[str, dict[str, tuple[str, Result]]] = {}
    for name, result in finished.items():
        if result.signal == signal and len(result.grid) == 2:
            fits = by_supervision.setdefault(result.config["supervise"]["name"], {})
            fits.setdefault(result.field, (name, result))
    fields = list(dict.fromkeys(field for fits in by_supervision.values() for field in fits))
    columns = 1 + len(fields)
    figure = Figure(figsize=(2.0 * columns, 2.2 * 3 * len(by_supervision)), layout="constrained")
    grid = figure.subplots(3 * len(by_supervision), columns, squeeze=False)
    for axis in grid.flat:
        axis.set_axis_off()
    for block, (supervision, fits) in enumerate(by_supervision.items()):
        rows = grid[3 * block : 3 * block + 3]
        own = Query(folder / next(iter(fits.values()))[0]).of_signal()
        steep, bent = (largest(mean_channel(own[name])) for name in ("gradient", "laplacian"))
        draw(rows[:, 0], derivative_panels(own, steep, bent), f"photo (from its {supervision})", {})
        for field, (name, result) in fits.items():
            panels = derivative_panels(of_fit(folder / name), steep, bent)
            draw(rows[:, 1 + fields.index(field)], panels, field, result.scores)
    figure.savefig(file, dpi=100)
    return CAPTION


def of_fit(folder: Path) -> dict[str, np.ndarray]:
    """The value and derivatives of a fit at its samples; the value as it was scored, with what was free fitted."""
    query = Query(folder)
    pixels = np.asarray(Image.open(folder / "reconstruction.png").convert("RGB"), dtype=float) / 255
    return {
        "value": pixels if query.result.channels == 3 else pixels[..., :1],
        "gradient": query.render(query.grid, operator=gradient),
        "laplacian": query.render(query.grid, operator=laplacian),
    }


def draw(axes: np.ndarray, panels: Mapping[str, np.ndarray], title: str, scores: Mapping[str, float | None]) -> None:
    """Draw a column: value, gradient and Laplacian, each with its score."""
    for axis, row in zip(axes, ROWS, strict=True):
        axis.imshow(panels[row], interpolation="nearest")
        dB = scores.get(SCORED[row])
        label = title if row == "value" else row
        axis.set_title(label if dB is None else f"{label} {dB:.2f} dB", fontsize=8)
