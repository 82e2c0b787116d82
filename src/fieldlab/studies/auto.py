"""The figure of `experiment=auto`: bandwidths that the program chose against those that presets ship."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false, reportReturnType=false

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from fieldlab.report.figure import COLOURS
from fieldlab.report.paired import interval
from fieldlab.report.settings import flatten
from fieldlab.runs.result import Result

Groups = dict[tuple[str, str], list[Result]]  # by field and signal
BOUND = 8.0  # dB: what is farther off is drawn there, with its number
CAPTION = (
    "Test PSNR with the bandwidth that auto chose less that with the shipped one, a disc for each signal, and the number that was chosen. Bar: mean over"
    " signals with its 95 % bootstrap interval. {}"
)


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw the differences, a panel for each field; nothing before any is there. Returns the caption."""
    differences = compare(results)
    if differences.empty:
        return None
    fields = list(differences.field.unique())
    figure = Figure(figsize=(3.6 * len(fields) + 0.6, 0.3 * differences.signal.nunique() + 1.4), layout="constrained")
    told = []
    for axes, field in zip(figure.subplots(1, len(fields), sharey=True, squeeze=False)[0], fields, strict=True):
        of_field = differences[differences.field == field].reset_index(drop=True)
        rows = len(of_field) - 1 - of_field.index
        axes.axvline(0, color="0.6", linewidth=1)
        axes.plot(of_field.difference.clip(-BOUND, BOUND), rows, "o", color=COLOURS[0], markersize=5)
        for row, one in zip(rows, of_field.itertuples(), strict=True):
            number = f"{one.chosen:g}" + (f"  ({one.difference:+.1f} dB)" if abs(one.difference) > BOUND else "")
            side = -1 if one.difference > BOUND / 2 else 1
            place = {"ha": "right" if side < 0 else "left", "va": "center", "fontsize": 7, "color": "0.35"}
            axes.annotate(
                number,
                (min(max(one.difference, -BOUND), BOUND), row),
                (7 * side, 0),
                textcoords="offset points",
                **place,
            )
        low, high = interval(of_field.difference.to_numpy())
        mean = of_field.difference.mean()
        axes.plot([low, high], [-1, -1], color=COLOURS[3], linewidth=3, solid_capstyle="butt")
        axes.plot(mean, -1, "D", color=COLOURS[3], markersize=5)
        axes.set_yticks([-1, *rows], ["mean", *of_field.signal], fontsize=8)
        axes.set_xlabel("auto less shipped, test PSNR (dB)", fontsize=8)
        axes.set_title(f"{field}: {of_field.key[0].rpartition('.')[2]}, shipped {of_field.shipped[0]:g}", fontsize=9)
        axes.grid(alpha=0.25, axis="x")
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        told.append(
            f"{field}: {mean:+.2f} dB [{low:+.2f}, {high:+.2f}], worst {of_field.difference.min():+.2f}, n = {len(of_field)}."
        )
    figure.savefig(file, dpi=110)
    return CAPTION.format(" ".join(told))


def compare(results: Mapping[str, Result]) -> pd.DataFrame:
    """One row for each field and signal that was fitted with the chosen bandwidth and with the shipped one, means over seeds."""
    keys: dict[str, str] = {}
    chosen: Groups = {}
    shipped: Groups = {}
    for result in results.values():
        if result.status == "finished":
            left = [key for key in result.decided if key not in sizes_of(result) and key.startswith("field.")]
            (chosen if left else shipped).setdefault((result.field, result.signal), []).append(result)
            keys[result.field] = left[0] if left else keys.get(result.field, "")
    rows = []
    for (field, signal), runs in chosen.items():
        others = shipped.get((field, signal), [])
        if others:
            ours, theirs = (pd.Series([run.scores["test_psnr"] for run in group]).mean() for group in (runs, others))
            row = {"field": field, "signal": signal, "key": keys[field], "chosen": runs[0].decided[keys[field]]}
            rows.append(
                row | {"shipped": dict(flatten(others[0].config, ()))[keys[field]], "difference": ours - theirs}
            )
    return pd.DataFrame(rows)


def sizes_of(result: Result) -> set[str]:
    """The keys that a budget decided."""
    size = result.config["field"].get("size")
    return {f"field.{key}" for key in size} if isinstance(size, Mapping) else set()
