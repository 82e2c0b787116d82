"""The figure of `experiment=prediction`: what kernels say that fields come to, beside what these come to."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false

import json
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldlab.report.figure import COLOURS
from fieldlab.report.settings import flatten
from fieldlab.runs.result import Result

KERNELS = {"Tangent": "tangent kernel", "Encoding": "encoding's kernel"}
STYLES = {"Tangent": "--", "Encoding": ":"}
MARKERS = "osD^v<>P"
CAPTION = (
    "Above: test PSNR as predicted by a kernel against that of the fit, a dot for each field, bandwidth and photo. Below: test PSNR against"
    " bandwidth, mean over photos: fits (solid) and predictions with the tangent kernel (dashed) and the encoding's alone (dotted); rings are what"
    " each would choose by validation pixels, on most photos. {}"
)


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw predictions against fits, and both over bandwidths; nothing before both are there. Returns the caption."""
    pairs = pair(results)
    if pairs.empty:
        return None
    kernels = [kernel for kernel in KERNELS if kernel in set(pairs.kernel)]
    swept = [field for field, group in pairs.groupby("field", sort=False) if group.setting.nunique() > 1]
    columns = max(len(kernels), len(swept), 1)
    figure = Figure(figsize=(4.0 * columns, 7.4), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    shades = dict(zip(pairs.field.unique(), COLOURS, strict=False))
    for axes, kernel in zip(above.subplots(1, len(kernels), squeeze=False)[0], kernels, strict=True):
        draw_pairs(axes, pairs[pairs.kernel == kernel], shades)
        axes.set_title(KERNELS[kernel], fontsize=10)
    if swept:
        for axes, field in zip(below.subplots(1, len(swept), squeeze=False)[0], swept, strict=True):
            draw_bandwidths(axes, pairs[pairs.field == field], shades[field])
            axes.set_title(field, fontsize=10)
    for axes in figure.axes:
        axes.grid(alpha=0.25)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110)
    return CAPTION.format(" ".join(describe(pairs[pairs.kernel == kernel], KERNELS[kernel]) for kernel in kernels))


def pair(results: Mapping[str, Result]) -> pd.DataFrame:
    """One row for each prediction whose field was fitted on the same signal: what both come to, and the bandwidth."""
    fits, predictions = {}, []
    for result in results.values():
        if result.status != "finished":
            continue
        if kernel := result.config.get("kernel"):
            predictions.append((kernel["_target_"].rpartition(".")[2], key_of(result), result))
        else:
            fits[key_of(result)] = result
    parts = swept_parts(list(fits.values()))
    rows = []
    for kernel, key, predicted in predictions:
        if key in fits:
            row = {"kernel": kernel, "field": predicted.field, "signal": predicted.signal, "seed": predicted.seed}
            row["key"], row["setting"] = parts.get(predicted.field, {}).get(key, ("", 0.0))
            for part in ("validation", "test"):
                row[part] = fits[key].scores[f"{part}_psnr"]
                row[f"predicted_{part}"] = predicted.scores[f"{part}_psnr"]
            rows.append(row)
    return pd.DataFrame(rows)


def key_of(result: Result) -> str:
    """What a fit and a prediction of it have in common: field, signal, split and seed; rates belong to fits alone."""
    field = dict(flatten(result.config["field"], {"field.name", "field.size"}, "field"))
    return json.dumps([field, result.signal, result.config["split"], result.seed], sort_keys=True)


def swept_parts(fits: list[Result]) -> dict[str, dict[str, tuple[str, float]]]:
    """The one number below `field` in which the fits of each field differ, by field and `key_of`."""
    found: dict[str, dict[str, tuple[str, float]]] = {}
    for field in dict.fromkeys(fit.field for fit in fits):
        own = {key_of(fit): dict(flatten(fit.config["field"], (), "field")) for fit in fits if fit.field == field}
        seen = {key: {settings.get(key) for settings in own.values()} for key in next(iter(own.values()))}
        keys = [key for key, values in seen.items() if len(values) > 1]
        if len(keys) == 1:
            found[field] = {name: (keys[0], settings[keys[0]]) for name, settings in own.items()}
    return found


def draw_pairs(axes: Axes, pairs: pd.DataFrame, shades: Mapping[str, tuple[float, ...]]) -> None:
    """Draw a dot for each prediction, and the line on which it would be true."""
    for marker, (signal, of_signal) in zip(MARKERS, pairs.groupby("signal", sort=False), strict=False):
        for field, group in of_signal.groupby("field", sort=False):
            axes.plot(group.test, group.predicted_test, marker, color=shades[field], markersize=4, alpha=0.8)
        axes.plot([], [], marker, color="0.4", markersize=4, label=signal)
    for field in pairs.field.unique():
        axes.plot([], [], "s", color=shades[field], label=field)
    ends = [pairs.test.min(), pairs.test.max()]
    axes.plot(ends, ends, color="0.35", linewidth=1)
    axes.set_xlabel("test PSNR of the fit (dB)", fontsize=8)
    axes.set_ylabel("predicted test PSNR (dB)", fontsize=8)
    axes.legend(fontsize=7, frameon=False)


def draw_bandwidths(axes: Axes, pairs: pd.DataFrame, shade: tuple[float, ...]) -> None:
    """Draw fits and predictions over the bandwidth, and ring what each would choose."""
    fits = pairs.drop_duplicates(["signal", "seed", "setting"])
    lines = [("-", "fits", fits, "validation", "test")]
    for kernel, group in pairs.groupby("kernel", sort=False):
        lines.append((STYLES[kernel], KERNELS[kernel], group, "predicted_validation", "predicted_test"))
    for style, label, group, judge, part in lines:
        mean = group.groupby("setting")[[judge, part]].mean()
        axes.plot(mean.index, mean[part], style, color=shade, label=label, linewidth=1.5)
        chosen = choose(group, judge).setting.mode().iloc[0]
        axes.plot(chosen, mean[part][chosen], "o", color=shade, fillstyle="none", markersize=8)
    axes.set_xscale(
        "log" if fits.setting.max() > 4 * fits.setting.min() else "linear",
        **({"base": 2} if fits.setting.max() > 4 * fits.setting.min() else {}),
    )
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(pairs.key.iloc[0].rpartition(".")[2], fontsize=8)
    axes.set_ylabel("test PSNR (dB)", fontsize=8)
    axes.legend(fontsize=7, frameon=False)


def choose(group: pd.DataFrame, judge: str) -> pd.DataFrame:
    """Of each field, signal and seed the row that is best by this score."""
    return group.loc[group.groupby(["field", "signal", "seed"])[judge].idxmax()]


def describe(pairs: pd.DataFrame, name: str) -> str:
    """`With the tangent kernel: rank correlation 0.91 …`, of the pairs of one kernel."""
    within = [rank(group) for _, group in pairs.groupby(["signal", "seed"]) if len(group) > 2]
    error = pairs.predicted_test - pairs.test
    swept = pairs[pairs.key != ""]
    lost = choose(swept, "validation").test.to_numpy() - choose(swept, "predicted_validation").test.to_numpy()
    chosen = (
        f"; what it chooses by predicted validation pixels costs {lost.mean():.2f} dB of test PSNR against what fits would choose (n = {len(lost)}, at most {lost.max():.2f})"
        if len(lost)
        else ""
    )
    each = f", within photos {pd.Series(within).mean():.2f}" if within else ""
    return (
        f"With the {name}: rank correlation (Spearman) {rank(pairs):.2f}{each} (n = {len(pairs)}); predicted minus fitted"
        f" {error.mean():+.2f} ± {error.std():.2f} dB, {int((error < 0).sum())} of them below the fit{chosen}."
    )


def rank(pairs: pd.DataFrame) -> float:
    """Spearman's correlation of predicted and fitted test PSNR."""
    return pairs.predicted_test.corr(pairs.test, method="spearman")
