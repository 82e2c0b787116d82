"""Roll: read memorised pictures elsewhere, where a goal is best fulfilled."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from fieldlab import sheets
from fieldlab.canvases.painted import centres
from fieldlab.field import POINTS_AT_ONCE, Ensemble, count_parameters
from fieldlab.goals.goal import Goal
from fieldlab.goals.rolls import Rolls
from fieldlab.metrics import Scores
from fieldlab.tasks.descent import Descent
from fieldlab.tasks.module import State, TaskModule
from fieldlab.tasks.roll.pixels import PixelBatches
from fieldlab.tasks.roll.starts import Start
from fieldlab.warps.memory import Memory
from fieldlab.warps.warp import in_words

FOUND = 0.5  # pixels within which a known shift counts as recovered
SIDE = 192  # pixels of a picture on a sheet, at least
ABREAST = 4  # pictures in a row of a film
MOST_SHOWN = 8  # rolls on a film, and on the curves of what is learned


class RollModule(TaskModule):
    """Minimise a goal's loss over where memorised pictures are read: Phi_n(warp(x)) at pixel centres x, the fields Phi_n fixed.

    A member is a roll of each of n pictures, for each of the goal's cases, from each try of the `start`. A step looks at
    `batch_size` pixels (None: all). Of the tries the one with the lowest loss counts, by all of the goal's pixels.

    Scored are `goal_loss`, the goal's own scores, and where the true shift is known `shift_error`, the median distance from
    it in pixels, and `recovered`, the share within half a pixel; means over pictures and cases else. In the end also
    `memorised_psnr`, of the fields where they are, and what is exact (`Match.exact`).

    Goals that need all pixels see all of them at each step.

    Raises:
        ValueError: a start where nothing shifts.
    """

    ensemble: Rolls
    samples: PixelBatches

    def __init__(
        self,
        ensemble: Rolls,
        seeds: Sequence[int],
        *,
        fields: Ensemble,
        start: Start,
        batch_size: int | None,
        scores: int,
        steps: int,
        descent: Descent,
    ) -> None:
        goal = ensemble.goal
        size = None if goal.needs_all else batch_size
        samples = PixelBatches(seeds, places=goal.places, batch_size=size, steps=steps, scores=scores)
        super().__init__(ensemble, len(seeds), samples, descent, clip_norm=None)
        self.memory = Memory(fields, centres(goal.pictures.size))
        self.start = start
        self.shape = (len(seeds), goal.cases, start.tries, len(goal.pictures.names))
        if start.moves:
            ensemble.warp.start(torch.zeros(self.rolls, 2))
        self.frames: list[UInt8[Tensor, "m s h w 3"]] = []

    @property
    def goal(self) -> Goal:
        return self.ensemble.goal

    def to_device(self) -> None:
        """And take the starts."""
        with torch.no_grad():
            m, k, _, n = self.shape
            shifts = self.start.shifts((m, k, n), self.samples.generators, self.drawn, self.loss_at)
            if self.start.moves:
                self.ensemble.warp.start(shifts.flatten(0, 3))
            self.repeats = self.goal.shifts is not None and self.memory.repeats(self.ensemble.warp.wrap)
            self.look_at_all()
            self.frames = [self.film_frame()]

    def drawn(self, count: int | None) -> Int[Tensor, "m p"]:
        return self.samples.drawn(None if self.goal.needs_all else count)

    def loss_at(self, shifts: Float[Tensor, "g 2"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k g n"]:
        """Each picture's loss at some pixels, were it shifted so."""
        m, k, _, n = self.shape
        losses = []
        for shift in shifts:
            x = self.ensemble.warp.wrap(self.memory.frame[at] - shift)
            seen = self.memory(x[:, None].expand(-1, n, -1, -1).flatten(0, 1)).unflatten(0, (m, 1, 1, n))
            losses.append(self.goal.alone(seen.expand(-1, k, -1, -1, -1, -1), at))
        return torch.cat(losses, dim=2)

    def total(self, batch: Int[Tensor, "m p"]) -> Float[Tensor, "m"]:
        return self.goal.losses(self.seen(batch), batch).flatten(1).sum(1)

    def seen(self, at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t n p c"]:
        """What is at these pixels of every roll."""
        x = self.memory.frame[at]
        every = x[:, None].expand(-1, self.rolls // len(x), -1, -1).flatten(0, 1)
        return self.memory(self.ensemble.warp(every)).unflatten(0, self.shape)

    @property
    def rolls(self) -> int:
        """Of all members together."""
        return torch.Size(self.shape).numel()

    @torch.no_grad()
    def look_at_all(self) -> None:
        """Every pixel of every roll, and which try is best."""
        whole = torch.arange(len(self.memory.frame), device=self.device).expand(self.members, -1)
        block = max(1, POINTS_AT_ONCE // self.rolls)
        self.whole = torch.cat([self.seen(part) for part in whole.split(block, dim=1)], dim=4)
        places = self.goal.places
        losses = self.goal.losses(self.whole[..., places, :], places.expand(self.members, -1))
        self.best = losses.nan_to_num(torch.inf).argmin(2, keepdim=True)
        self.found = {"goal_loss": losses} | self.goal.scores(self.whole)
        self.learned = {name: value.view(self.shape) for name, value in self.ensemble.warp.told().items()}
        if self.goal.shifts is not None and {"shift_rows", "shift_columns"} <= self.learned.keys():
            self.found["shift_error"] = self.shift_errors(self.goal.shifts)
        self.found, self.learned = ({k: self.chosen(v) for k, v in d.items()} for d in (self.found, self.learned))
        self.shown_now = self.chosen(self.goal.rendered(self.whole))

    def chosen(self, values: Shaped[Tensor, "m k t q ..."]) -> Shaped[Tensor, "m k q ..."]:
        """Of the tries the best one."""
        best = self.best.expand(-1, -1, -1, values.shape[3])
        wide = best.view(*best.shape, *[1] * (values.ndim - 4)).expand(*best.shape, *values.shape[4:])
        return values.gather(2, wide)[:, :, 0]

    def shift_errors(self, true: Float[Tensor, "k 2"]) -> Float[Tensor, "m k t n"]:
        """Distance in pixels from the true shifts; a whole side is none where pictures repeat, and nothing but a shift moves."""
        learned = torch.stack([self.learned["shift_rows"], self.learned["shift_columns"]], -1)
        sides = learned.new_tensor(self.goal.pictures.size)
        away = (learned - true.to(learned.device)[:, None, None]) / sides
        alone = len(self.ensemble.warp.warps) == 1
        return ((away - away.round() if alone and self.repeats else away) * sides).norm(dim=-1)

    def measure(self) -> tuple[list[Scores], list[bool]]:
        self.look_at_all()
        self.frames.append(self.film_frame())
        finite = self.whole.isfinite().flatten(1).all(1) & self.found["goal_loss"].isfinite().flatten(1).all(1)
        return [self.means(m) | self.moves(m) for m in range(self.members)], finite.tolist()

    def means(self, m: int) -> Scores:
        """The scores of a member, over its pictures and cases."""
        means: Scores = {name: values[m].mean().item() for name, values in self.found.items()}
        if "shift_error" in self.found:
            errors = self.found["shift_error"][m]
            means |= {"shift_error": errors.median().item(), "recovered": (errors < FOUND).float().mean().item()}
        return means

    def moves(self, m: int) -> Scores:
        """What has been learned of a member's first rolls, by picture: `astronaut/shift_rows`."""
        rolls = [(k, n) for k in range(self.shape[1]) for n in range(self.shape[3])][:MOST_SHOWN]
        return {
            f"{self.name(k, n)}/{what}": values[m, k, n].item()
            for k, n in rolls
            for what, values in self.learned.items()
        }

    def name(self, k: int, n: int) -> str:
        """Of a picture, and of the case where there are several."""
        return self.goal.pictures.names[n] + (f" {k + 1}" if self.goal.cases > 1 else "")

    def told(self, m: int) -> list[list[str]]:
        """What has been learned of each case and picture, for people."""
        numbers = {name: values[m].tolist() for name, values in self.learned.items()}
        _, k, _, n = self.shape
        return [[in_words({what: v[i][j] for what, v in numbers.items()}) for j in range(n)] for i in range(k)]

    def film_frame(self) -> UInt8[Tensor, "m s h w 3"]:
        """The first pictures as they are now."""
        shown = self.shown_now.flatten(1, 2)[:, :MOST_SHOWN].unflatten(2, self.goal.pictures.size)
        pixels = sheets.bytes_of(shown.movedim(-1, 2).flatten(0, 1).float().cpu().numpy())
        return torch.from_numpy(pixels).unflatten(0, (self.members, -1))

    def sheet(self, m: int) -> UInt8[np.ndarray, "i j 3"]:
        """What the goal has to show of a member's first rolls, row by row."""
        rows = self.goal.exhibit(self.shown_now[m], self.told(m))[:MOST_SHOWN]
        width = max(map(len, rows))
        blank = np.ones((*self.goal.pictures.size, self.goal.pictures.channels), np.float32)
        shown = [pair for row in rows for pair in [*row, *[(blank, "")] * (width - len(row))]]
        pixels = sheets.bytes_of(np.stack([np.moveaxis(picture, -1, 0) for picture, _ in shown]))
        return sheets.contact_sheet(pixels, [name for _, name in shown], SIDE, columns=width)

    def shown(self, m: int) -> Mapping[str, np.ndarray]:
        return {"sheet": self.sheet(m)}

    def facts(self, m: int) -> dict[str, Any]:
        return {
            "parameters": count_parameters(self.ensemble) // (self.members * self.start.tries),
            "grid": list(self.goal.pictures.size),
            "channels": self.goal.pictures.channels,
        }

    def outcome(self, m: int) -> dict[str, Any]:
        with torch.no_grad():
            memorised = self.memory.psnr(self.goal.pictures.values.flatten(1, 2))
            return {"scores": {**self.latest(m), "memorised_psnr": memorised, **self.goal.exact(self.rolled)}}

    def rolled(self, shift: Float[Tensor, "2"]) -> Float[Tensor, "n p c"]:
        """Whole pictures, each moved by this shift in sides and by nothing else."""
        return self.memory.rolled(shift, self.ensemble.warp.wrap)

    def save(self, m: int, folder: Path) -> None:
        """images.npy [s, c, h, w] in [0, 1], images/*.png, images.csv, sheet.png, progress.gif, and warp.safetensors."""
        k, s = self.shown_now.shape[1:3]
        last = self.shown_now[m].flatten(0, 1).unflatten(1, self.goal.pictures.size).movedim(-1, 1)
        images = last.float().cpu().clamp(0, 1).numpy()
        np.save(folder / "images.npy", images)
        names = [self.goal.rendered_names[i] + (f" {j + 1}" if k > 1 else "") for j in range(k) for i in range(s)]
        sheets.save_images(folder / "images", sheets.bytes_of(images), names)
        Image.fromarray(self.sheet(m)).save(folder / "sheet.png")
        columns = min(ABREAST, self.frames[-1].shape[1])
        film = [sheets.contact_sheet(f[m].numpy(), names[: f.shape[1]], columns=columns) for f in self.frames]
        sheets.save_film(folder / "progress.gif", film)
        self.table(m).to_csv(folder / "images.csv", index=False)
        parts = {name: value.detach() for name, value in self.ensemble.named_parameters()}
        save_file({name: self.kept(value, m) for name, value in parts.items()}, folder / "warp.safetensors")

    def kept(self, values: Shaped[Tensor, "b ..."], m: int) -> Shaped[Tensor, "k ..."]:
        """What a member has learned in its best tries: of each case, and of each picture where pictures learn by themselves."""
        members, k, t, n = self.shape
        each = n if len(values) == self.rolls else 1
        return self.chosen(values.unflatten(0, (members, k, t, each)))[m].flatten(0, 1).cpu().contiguous()

    def table(self, m: int) -> pd.DataFrame:
        """A row for each case and picture: what was learned of it, and its scores."""
        _, k, _, n = self.shape
        places = [{"case": j, "picture": name} for j in range(k) for name in self.goal.pictures.names]
        columns = {**self.learned, **{name: values.expand(-1, -1, n) for name, values in self.found.items()}}
        scored = {name: values[m].flatten().tolist() for name, values in columns.items()}
        return pd.concat([pd.DataFrame(places), pd.DataFrame(scored)], axis=1)

    def state(self, step: int) -> State:
        return {**super().state(step), "frames": self.frames}

    def restore(self, state: State) -> None:
        super().restore(state)
        self.frames = state["frames"]
