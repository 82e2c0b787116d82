"""The figure of `experiment=prediction`: what kernels say that fields come to, beside what these come to."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportAttributeAccessIssue=false, reportReturnType=false

import itertools
import json
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldlab.report.figure import COLOURS
from fieldlab.report.results import read_fits
from fieldlab.report.settings import find_swept, flatten
from fieldlab.runs.result import Result

FITS = "prediction_fits"
KERNELS = {"Tangent": "tangent kernel", "Encoding": "kernel of the encoding"}
STYLES = {"Tangent": "--", "Encoding": ":"}
TONES = {"black": "0.1", "grey": "0.5", "light grey": "0.75"}  # of optimisers
MARKERS = "osD^v<>P"
MARGINS = (0.0, 2.0)  # dB below the best prediction, down to which the lowest bandwidth is chosen
CAPTION = (
    "Above: test PSNR as a kernel predicts it against that of the fit, a mark for each field, bandwidth and photo. Below: test PSNR against bandwidth, mean"
    " over photos, of fits (solid; {}) and as predicted (dashed: tangent kernel, dotted: that of the encoding alone).\n\n{}"
)


@mpl.rc_context({"text.parse_math": False})
def save_figure(file: Path, folder: Path, results: Mapping[str, Result], *, photos: bool) -> str | None:
    """Draw predictions against the fits of the study beside, and both over bandwidths; nothing before both are there. Returns the caption."""
    pairs = pair(results, read_beside(folder))
    if pairs.empty:
        return None
    kinds = [(kernel, optimizer) for (kernel, optimizer), _ in pairs.groupby(["kernel", "optimizer"], sort=False)]
    swept = [field for field, group in pairs.groupby("field", sort=False) if group.setting.nunique() > 1]
    figure = Figure(figsize=(3.4 * max(len(kinds), len(swept)), 7.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.1, 1])
    shades = dict(zip(pairs.field.unique(), itertools.cycle(COLOURS), strict=False))
    tones = dict(zip(sorted(pairs.optimizer.unique(), reverse=True), itertools.cycle(TONES.values()), strict=False))
    for axes, (kernel, optimizer) in zip(above.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        draw_pairs(axes, select(pairs, kernel, optimizer), shades)
        axes.set_title(f"{KERNELS.get(kernel, kernel)}, {optimizer}", fontsize=10)
    if swept:
        for axes, field in zip(below.subplots(1, len(swept), squeeze=False)[0], swept, strict=True):
            draw_bandwidths(axes, pairs[pairs.field == field], tones)
            axes.set_title(field, fontsize=10)
    for axes in figure.axes:
        axes.grid(alpha=0.25)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110)
    optimizers = ", ".join(f"{name} {tone}" for name, tone in zip(tones, TONES, strict=False))
    return CAPTION.format(optimizers, "\n\n".join(describe(select(pairs, *kind), *kind) for kind in kinds))


def select(pairs: pd.DataFrame, kernel: str, optimizer: str) -> pd.DataFrame:
    return pairs[(pairs.kernel == kernel) & (pairs.optimizer == optimizer)]


def read_beside(folder: Path) -> Mapping[str, Result]:
    """The fits that predictions are held to, in the folder of another study beside this one's."""
    beside = folder.absolute().parent / FITS
    return read_fits(beside)[1] if beside.is_dir() else {}


def pair(predicted: Mapping[str, Result], fitted: Mapping[str, Result]) -> pd.DataFrame:
    """One row for each prediction and each fit of the same field to the same signal: what both come to, and the bandwidth."""
    predictions = {}
    for result in predicted.values():
        if result.status == "finished":
            kernel = result.config["kernel"]["_target_"].rpartition(".")[2]
            predictions.setdefault(key_of(result), {})[kernel] = result
    swept = {key: values for key, values in find_swept(fitted).items() if key.startswith("field.")}
    rows = []
    for name, fit in fitted.items():
        if fit.status != "finished":
            continue
        own = [(key, values[name]) for key, values in swept.items() if values.get(name) is not None]
        key, setting = own[0] if len(own) == 1 else ("", 0.0)
        for kernel, prediction in predictions.get(key_of(fit), {}).items():
            row = {"kernel": kernel, "optimizer": fit.config["optimizer"]["_target_"].rpartition(".")[2]}
            row |= {"field": fit.field, "signal": fit.signal, "seed": fit.seed, "key": key, "setting": setting}
            for part in ("validation", "test"):
                row[part] = fit.scores[f"{part}_psnr"]
                row[f"predicted_{part}"] = prediction.scores[f"{part}_psnr"]
            rows.append(row)
    return pd.DataFrame(rows).dropna(subset=["validation", "predicted_validation"]) if rows else pd.DataFrame()


def key_of(result: Result) -> str:
    """What a fit and a prediction of it have in common: field, signal, split and seed; rates belong to fits alone."""
    field = dict(flatten(result.config["field"], {"field.name", "field.size"}, "field"))
    return json.dumps([field, result.signal, result.config["split"], result.seed], sort_keys=True)


def draw_pairs(axes: Axes, pairs: pd.DataFrame, shades: Mapping[str, tuple[float, ...]]) -> None:
    """Draw a mark for each prediction, and the line on which it would be true."""
    for marker, (signal, of_signal) in zip(
        itertools.cycle(MARKERS), pairs.groupby("signal", sort=False), strict=False
    ):
        for field, group in of_signal.groupby("field", sort=False):
            axes.plot(group.test, group.predicted_test, marker, color=shades[field], markersize=4, alpha=0.8)
        axes.plot([], [], marker, color="0.4", markersize=4, label=signal)
    for field in pairs.field.unique():
        axes.plot([], [], "s", color=shades[field], label=field)
    ends = [pairs.test.min(), pairs.test.max()]
    axes.plot(ends, ends, color="0.35", linewidth=1)
    axes.set_xlabel("test PSNR of the fit (dB)", fontsize=8)
    axes.set_ylabel("predicted test PSNR (dB)", fontsize=8)
    axes.legend(fontsize=6.5, frameon=False)


def draw_bandwidths(axes: Axes, pairs: pd.DataFrame, tones: Mapping[str, str]) -> None:
    """Draw the test PSNR of fits and predictions over the bandwidth."""
    for optimizer, group in pairs.groupby("optimizer", sort=False):
        mean = group.groupby("setting").test.mean()
        axes.plot(
            mean.index, mean, "o-", color=tones[optimizer], label=f"fits, {optimizer}", linewidth=1.5, markersize=3
        )
    for kernel, group in pairs.groupby("kernel", sort=False):
        mean = group.groupby("setting").predicted_test.mean()
        axes.plot(
            mean.index,
            mean,
            STYLES.get(kernel, "-."),
            color=COLOURS[3],
            label=KERNELS.get(kernel, kernel),
            linewidth=1.5,
        )
    if pairs.setting.max() > 4 * pairs.setting.min():
        axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(pairs.key.iloc[0].rpartition(".")[2], fontsize=8)
    axes.set_ylabel("test PSNR (dB)", fontsize=8)
    axes.legend(fontsize=7, frameon=False)


def describe(pairs: pd.DataFrame, kernel: str, optimizer: str) -> str:
    """How well one kernel predicts fits by one optimiser, in words."""
    count = pairs.signal.nunique()
    name = f"The {KERNELS.get(kernel, kernel)} and fits by {optimizer} ({count} photo{'s' if count != 1 else ''}, {len(pairs)} pairs)"
    within = mean_rank(pairs.groupby(["signal", "seed"]))
    error = pairs.predicted_test - pairs.test
    told = f"{name}: rank correlation (Spearman) within photos {within:.2f}; predicted minus fitted {error.mean():+.2f} ± {error.std():.2f} dB."
    swept = pairs[pairs.key != ""]
    if swept.empty:
        return told
    losses = []
    for margin in MARGINS:
        lost = lose(swept, margin)
        rule = (
            "the best prediction chooses"
            if margin == 0
            else f"the lowest bandwidth within {margin:g} dB of it is chosen"
        )
        losses.append(f"{lost.mean():.2f} dB (at most {lost.max():.2f}) where {rule}")
    return f"{told} A bandwidth by predicted validation pixels costs, of the test PSNR of the best one tried, {', and '.join(losses)}."


def lose(pairs: pd.DataFrame, margin: float) -> pd.Series:
    """By how much the test PSNR of the bandwidth that predictions choose is below the best one's, by field, signal and seed."""

    def choose(group: pd.DataFrame) -> float:
        rows = group.sort_values("setting")
        near = rows.predicted_validation >= rows.predicted_validation.max() - margin
        return rows.test.max() - rows.test[near].iloc[0]

    return pd.Series([choose(group) for _, group in pairs.groupby(["field", "signal", "seed"])])


def mean_rank(groups: "pd.api.typing.DataFrameGroupBy") -> float:
    """The mean over groups of Spearman's correlation of predicted and fitted test PSNR."""
    return pd.Series([of.predicted_test.corr(of.test, method="spearman") for _, of in groups if len(of) > 2]).mean()
