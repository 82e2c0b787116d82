"""Time to quality: how long a user waits until a picture is represented to so many dB, and how long SIREN's authors would."""

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

import fieldlab
from fieldlab.config.compose import settle
from fieldlab.report.figure import COLOURS
from fieldlab.runs.result import read_result
from fieldlab.signals.build import build_signal
from fieldlab.training.machine import device_name

FOLDER = Path(__file__).parent.parent / "experiments/speed"
PICTURES = {"camera": 256, "astronaut": 512, "immunohistochemistry": 512, "hubble_deep_field": 512}
FIELDS = ("siren", "relu", "positional", "gaussian", "grid", "hash_grid_small", "hash_grid")
BUDGETS = (50, 100, 200, 400, 800)  # steps
TARGETS = (30, 35, 40, 45)  # dB over all pixels
NEAR = 0.1  # dB below the best test PSNR
AUTHORS = "the authors' way"
PATIENCE = {256: 2400, 512: 300}  # seconds until the authors' way is interrupted, by the picture's side in pixels
KEYS = ["picture", "size", "way", "split", "seed", "steps"]


def quality(rounds: int) -> None:
    """Every field at doubled numbers of steps, and the authors' way until it has been waited for long enough.

    Each row is written when it has been measured, and what is written is not measured again.
    """
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / "table.csv"
    rows = pd.read_csv(file).to_dict("records") if file.exists() else []
    print(f"load before: {os.getloadavg()[0]:.2f}; {len(rows)} rows are there")
    for picture, size in PICTURES.items():
        for new in measure(rows, picture, size, rounds):
            rows += new
            pd.DataFrame(rows).to_csv(file, index=False)
            print(*new[-1].values(), flush=True)
    table = pd.DataFrame(rows)
    draw(table)
    (FOLDER / "README.md").write_text(tell(table))


def measure(rows: list[dict[str, Any]], picture: str, size: int, rounds: int) -> Iterator[list[dict[str, Any]]]:
    """Rows of one picture that are not among these yet."""
    known = {tuple(row[key] for key in KEYS): row for row in rows}
    for seed in range(rounds):
        for field in FIELDS:
            for split in ("all", "stride"):
                for steps in BUDGETS:
                    row = known.get((picture, size, field, split, seed, steps))
                    if row is None:
                        row = fit(picture, size, field, split, seed, steps)
                        yield [row]
                    if split == "all" and row["psnr"] >= TARGETS[-1]:
                        break
    if not any(row["picture"] == picture and row["way"] == AUTHORS for row in rows):
        yield list(fit_as_authors(picture, size))


def fit(picture: str, size: int, field: str, split: str, seed: int, steps: int) -> dict[str, Any]:
    """One command with the defaults of fieldlab, and an empty cache of the compiler."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(Path(sys.executable).with_name("fieldlab")),
            f"field={field}", f"signal={picture}", f"signal.size={size}", f"split={split}", f"seed={seed}", f"steps={steps}",
            "logger=none", f"folder={folder}/fit",
        ]  # fmt: skip
        start = time.perf_counter()
        env = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": f"{folder}/compiled"}
        subprocess.run(command, cwd=folder, env=env, capture_output=True, check=True)
        wall = time.perf_counter() - start
        result = read_result(Path(folder) / "fit")
    return {
        "picture": picture,
        "size": size,
        "way": field,
        "split": split,
        "seed": seed,
        "steps": steps,
        "parameters": result.parameters,
        "wall": round(wall, 2),
        "optimisation": result.seconds,
        "compiling": result.compiling_seconds,
        "psnr": result.scores["full_psnr"],
        "test_psnr": result.scores.get("test_psnr"),
    }


def fit_as_authors(picture: str, size: int) -> Iterator[dict[str, Any]]:
    """A row for each dB that the authors' way comes by, and one for where it was left."""
    code = f"from benchmark_quality import *; descend_as_authors({picture!r}, {size})"
    start = time.perf_counter()
    row: dict[str, Any] = {}
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    for line in process.stdout:
        steps, parameters, psnr = line.split()
        wall = time.perf_counter() - start
        last = float(psnr) >= TARGETS[-1] or wall > PATIENCE[size]
        passed = not row or math.floor(float(psnr)) > math.floor(row["psnr"])
        row = {
            "picture": picture, "size": size, "way": AUTHORS, "split": "all", "seed": 0, "steps": int(steps),
            "parameters": int(parameters), "wall": round(wall, 2), "optimisation": None, "compiling": 0.0, "psnr": float(psnr),
            "test_psnr": None,
        } if passed or last else row  # fmt: skip
        if passed or last:
            yield row
        if last:
            process.kill()
            process.wait()
            return
    raise SystemExit("the authors' way ended early")


class Sine(nn.Module):
    """sin(30 x)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(30 * x)


def descend_as_authors(picture: str, size: int) -> None:
    """SIREN 256 x 3 as Sitzmann et al. 2020 fit pictures: Adam at 1e-4, all pixels in every step, eager torch.

    Prints steps, parameters and PSNR after each step, that of the weights before it, which costs nothing more.
    """
    signal = build_signal(settle(fieldlab.compose(f"signal={picture}", f"signal.size={size}"))["signal"])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    x, y = (2 * t.to(device) - 1 for t in (signal.coordinates(), signal.values.flatten(0, -2)))
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for i, width in enumerate((signal.dim, 256, 256, 256)):
        linear = nn.Linear(width, 256)
        nn.init.uniform_(linear.weight, *(b * (1 / width if i == 0 else math.sqrt(6 / width) / 30) for b in (-1, 1)))
        layers += [linear, Sine()]
    last = nn.Linear(256, signal.channels)
    nn.init.uniform_(last.weight, -math.sqrt(6 / 256) / 30, math.sqrt(6 / 256) / 30)
    network = nn.Sequential(*layers, last).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    parameters = sum(p.numel() for p in network.parameters())
    step = 0
    while True:
        values = network(x)
        loss = (values - y).square().mean()
        error = (values.detach().clamp(-1, 1) - y).square().mean() / 4
        print(step, parameters, -10 * error.log10().item(), flush=True)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1


def draw(table: pd.DataFrame) -> None:
    """PSNR over all pixels against the wall clock, a panel for each picture."""
    figure = Figure(figsize=(4.2 * table["picture"].nunique() + 0.4, 4), layout="constrained")
    panels = figure.subplots(1, table["picture"].nunique(), squeeze=False, sharey=True)[0]
    for axes, (picture, of_picture) in zip(
        panels, table[table["split"] == "all"].groupby("picture", sort=False), strict=True
    ):
        axes.set_title(f"{picture}, {of_picture['size'].iloc[0]} x {of_picture['size'].iloc[0]}", fontsize=11)
        for way, of_way in of_picture.groupby("way", sort=False):
            line = of_way.groupby("steps")[["wall", "psnr"]].median()
            colour = "0.35" if way == AUTHORS else COLOURS[FIELDS.index(str(way)) % len(COLOURS)]
            axes.plot(
                line["wall"],
                line["psnr"],
                "--" if way == AUTHORS else "o-",
                color=colour,
                markersize=4,
                linewidth=1.5,
                label=way,
            )
        axes.set_xscale("log")
        axes.set_xlabel("seconds from the command to its last line", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25, which="both")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("PSNR over all pixels (dB)", fontsize=9)
    panels[0].legend(fontsize=8, frameon=False)
    figure.savefig(FOLDER / "figure.png", dpi=110)


def tell(table: pd.DataFrame) -> str:
    """The study's page."""
    parts = []
    for picture, of_picture in table.groupby("picture", sort=False):
        size = of_picture["size"].iloc[0]
        frame = pd.DataFrame([tell_way(of_picture, way) for way in of_picture["way"].unique()])
        parts.append(f"### {picture}, {size} × {size}\n\n{frame.to_markdown(index=False, disable_numparse=True)}\n")
    rounds = table["seed"].nunique()
    return PAGE.format(
        tables="\n".join(parts),
        budgets=", ".join(f"{steps:,}" for steps in BUDGETS),
        seeds=f"medians of {rounds} seeds" if rounds > 1 else "one seed",
        machine=device_name(torch.device("cuda" if torch.cuda.is_available() else "cpu")),
    )


def tell_way(of_picture: pd.DataFrame, way: str) -> dict[str, str]:
    """A row of a picture's table."""
    mine = of_picture[of_picture["way"] == way]
    whole = mine[mine["split"] == "all"].groupby("steps")[["wall", "psnr"]].median()
    row = {"way": way, "parameters": f"{int(mine['parameters'].iloc[0]):,}"}
    authors = of_picture[of_picture["way"] == AUTHORS].set_index("steps")
    for target in TARGETS:
        reached = whole[whole["psnr"] >= target]
        if reached.empty:
            row[f"{target} dB"] = (
                f"> {whole['wall'].max():,.0f} s" if way == AUTHORS else f"– ({whole['psnr'].max():.1f} dB)"
            )
            continue
        wall = reached["wall"].min()
        row[f"{target} dB"] = f"{wall:,.1f} s"
        if way != AUTHORS and not authors.empty:
            passed = authors[authors["psnr"] >= target]["wall"]
            least = "" if len(passed) else "> "
            row[f"{target} dB"] += (
                f" ({least}{(passed.min() if len(passed) else authors['wall'].max()) / wall:,.0f} ×)"
            )
    held_out = mine[mine["split"] == "stride"].groupby("steps")[["wall", "test_psnr"]].median()
    forty = whole[whole["psnr"] >= 40].index
    row["test PSNR with as many steps as 40 dB take"] = (
        f"{held_out['test_psnr'][forty[0]]:.2f} dB" if len(forty) and forty[0] in held_out.index else "–"
    )
    if held_out.empty:
        return row | {"best test PSNR": "–", "within 0.1 dB of it": "–"}
    near = held_out[held_out["test_psnr"] >= held_out["test_psnr"].max() - NEAR]
    return row | {
        "best test PSNR": f"{held_out['test_psnr'].max():.2f} dB",
        "within 0.1 dB of it": f"{near['wall'].min():,.1f} s",
    }


PAGE = """# Speed: time to quality

How long does one wait, from the command to its last line, until a picture is represented to so many dB over all of its pixels?

## Answer

{tables}
Seconds are those of the wall clock from the command to its last line: starting Python, reading, compiling with an empty cache, steps, scoring
and writing files; {seeds}. A field's fits take {budgets} steps under the defaults of fieldlab, each with a schedule that spans it, and the first
one counts that reaches a target; in brackets the ratio to the authors' way, or the PSNR that the longest fit reaches. The authors' way is
a SIREN 256 × 3 in eager torch, Adam at 1e-4, all pixels in every step, as in Sitzmann et al. 2020; > marks where it was interrupted
before it came there. Test PSNR is of fits of the pixels [::2, ::2] alone, on the pixels [1::2, 1::2]: what a field puts between the pixels
that it knows. A field with more parameters than SIREN stands here as a footnote.

![figure](figure.png)

PSNR over all pixels against the wall clock. Points are fits of their own; the dashed line is one run.

One row a fit, and one for each dB that the authors' way came by: [table.csv](table.csv).

What it says, and what it does not: [NOTES.md](NOTES.md).

## Commands

```bash
python scripts/benchmark.py quality --rounds 1
```

## Machine

- {machine}
"""
