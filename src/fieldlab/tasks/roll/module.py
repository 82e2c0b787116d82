"""RollModule: read memorised pictures elsewhere, where a goal is best fulfilled."""

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

from fieldlab.field import POINTS_AT_ONCE, Ensemble, count_parameters
from fieldlab.metrics import Scores
from fieldlab.signals.grid import centres
from fieldlab.tasks import contact_sheet
from fieldlab.tasks.roll.goals.goal import Goal
from fieldlab.tasks.roll.goals.rolls import Rolls
from fieldlab.tasks.roll.pixels import PixelBatches
from fieldlab.tasks.roll.starts import Start
from fieldlab.tasks.roll.warps.memory import Memory
from fieldlab.tasks.roll.warps.warp import format_moves
from fieldlab.training.module import State, TaskModule
from fieldlab.training.optimisation import Descent

FOUND = 0.5  # pixels within which a known shift counts as recovered
SIDE = 192  # pixels of a picture on a sheet, at least
ABREAST = 4  # pictures in a row of a film
MOST_SHOWN = 8  # rolls on a film, and on the curves of what is learned


class RollModule(TaskModule):
    """Minimise a goal's loss over where memorised pictures are read: Phi_n(warp(x)) at pixel centres x, the fields Phi_n fixed.

    A member is a roll of each of n pictures, for each of the goal's cases, from each try of the `start`. A step looks at
    `batch_size` pixels (None: all). The try with the lowest loss over all of the goal's pixels counts.

    Scored are `goal_loss`, the goal's own scores, and where the true shift is known `shift_error`, the median distance from
    it in pixels, and `recovered`, the share within half a pixel; means over pictures and cases else. In the end also
    `memorised_psnr`, of the unshifted fields, and the scores of exact rolls (`Match.score_exact`).

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
        samples = PixelBatches(seeds, pixels=goal.places, batch_size=size, steps=steps, scores=scores)
        super().__init__(ensemble, len(seeds), samples, descent, clip_norm=None)
        self.memory = Memory(fields, centres(goal.pictures.size))
        self.start = start
        self.shape = (len(seeds), goal.cases, start.tries, len(goal.pictures.names))
        if start.moves:
            ensemble.warp.set_shift(torch.zeros(self.rolls, 2))
        self.frames: list[UInt8[Tensor, "m s h w 3"]] = []

    @property
    def goal(self) -> Goal:
        return self.ensemble.goal

    def to_device(self) -> None:
        """Set the shifts of the start."""
        with torch.no_grad():
            m, k, _, n = self.shape
            shifts = self.start.shifts((m, k, n), self.samples.generators, self.draw_pixels, self.loss_at)
            if self.start.moves:
                self.ensemble.warp.set_shift(shifts.flatten(0, 3))
            self.repeats = self.goal.shifts is not None and self.memory.repeats(self.ensemble.warp.wrap)
            self.look_at_all()
            self.frames = [self.render_frame()]

    def draw_pixels(self, count: int | None) -> Int[Tensor, "m p"]:
        return self.samples.draw(None if self.goal.needs_all else count)

    def loss_at(self, shifts: Float[Tensor, "g 2"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k g n"]:
        """Each picture's loss at some pixels, under each of the shifts."""
        m, k, _, n = self.shape
        losses = []
        for shift in shifts:
            x = self.ensemble.warp.wrap(self.memory.frame[at] - shift)
            seen = self.memory(x[:, None].expand(-1, n, -1, -1).flatten(0, 1)).unflatten(0, (m, 1, 1, n))
            losses.append(self.goal.losses_alone(seen.expand(-1, k, -1, -1, -1, -1), at))
        return torch.cat(losses, dim=2)

    def total(self, batch: Int[Tensor, "m p"]) -> Float[Tensor, "m"]:
        return self.goal.losses(self.read_pixels(batch), batch).flatten(1).sum(1)

    def read_pixels(self, at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t n p c"]:
        """The values of every roll at these pixels."""
        x = self.memory.frame[at]
        every = x[:, None].expand(-1, self.rolls // len(x), -1, -1).flatten(0, 1)
        return self.memory(self.ensemble.warp(every)).unflatten(0, self.shape)

    @property
    def rolls(self) -> int:
        """The number of rolls of all members."""
        return torch.Size(self.shape).numel()

    @torch.no_grad()
    def look_at_all(self) -> None:
        """Compute every pixel of every roll, and the best tries."""
        whole = torch.arange(len(self.memory.frame), device=self.device).expand(self.members, -1)
        block = max(1, POINTS_AT_ONCE // self.rolls)
        self.whole = torch.cat([self.read_pixels(part) for part in whole.split(block, dim=1)], dim=4)
        places = self.goal.places
        losses = self.goal.losses(self.whole[..., places, :], places.expand(self.members, -1))
        self.best = losses.nan_to_num(torch.inf).argmin(2, keepdim=True)
        self.found = {"goal_loss": losses} | self.goal.scores(self.whole)
        self.learned = {name: value.view(self.shape) for name, value in self.ensemble.warp.describe().items()}
        if self.goal.shifts is not None and {"shift_rows", "shift_columns"} <= self.learned.keys():
            self.found["shift_error"] = self.shift_errors(self.goal.shifts)
        self.found, self.learned = ({k: self.pick(v) for k, v in d.items()} for d in (self.found, self.learned))
        self.rendered = self.pick(self.goal.render(self.whole))

    def pick(self, values: Shaped[Tensor, "m k t q ..."]) -> Shaped[Tensor, "m k q ..."]:
        """The values of the best try."""
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

    def measure(self, *, whole: bool) -> tuple[list[Scores], list[bool]]:
        self.look_at_all()
        self.frames.append(self.render_frame())
        finite = self.whole.isfinite().flatten(1).all(1) & self.found["goal_loss"].isfinite().flatten(1).all(1)
        return [self.means(m) | self.moves(m) for m in range(self.members)], finite.tolist()

    def means(self, m: int) -> Scores:
        """The mean scores of a member over its pictures and cases."""
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
        """The name of a picture, with the number of the case where there are several."""
        return self.goal.pictures.names[n] + (f" {k + 1}" if self.goal.cases > 1 else "")

    def format_captions(self, m: int) -> list[list[str]]:
        """What has been learned of each case and picture, as text."""
        numbers = {name: values[m].tolist() for name, values in self.learned.items()}
        _, k, _, n = self.shape
        return [[format_moves({what: v[i][j] for what, v in numbers.items()}) for j in range(n)] for i in range(k)]

    def render_frame(self) -> UInt8[Tensor, "m s h w 3"]:
        """The images of a member's first rolls, as RGB bytes."""
        shown = self.rendered.flatten(1, 2)[:, :MOST_SHOWN].unflatten(2, self.goal.pictures.size)
        pixels = contact_sheet.to_bytes(shown.movedim(-1, 2).flatten(0, 1).float().cpu().numpy())
        return torch.from_numpy(pixels).unflatten(0, (self.members, -1))

    def draw_sheet(self, m: int) -> UInt8[np.ndarray, "i j 3"]:
        """The sheet of a member's first rolls, row by row."""
        rows = self.goal.arrange(self.rendered[m], self.format_captions(m))[:MOST_SHOWN]
        width = max(map(len, rows))
        blank = np.ones((*self.goal.pictures.size, self.goal.pictures.channels), np.float32)
        shown = [pair for row in rows for pair in [*row, *[(blank, "")] * (width - len(row))]]
        pixels = contact_sheet.to_bytes(np.stack([np.moveaxis(picture, -1, 0) for picture, _ in shown]))
        return contact_sheet.draw_sheet(pixels, [name for _, name in shown], SIDE, columns=width)

    def render(self, m: int) -> Mapping[str, np.ndarray]:
        return {"sheet": self.draw_sheet(m)}

    def facts(self, m: int) -> dict[str, Any]:
        return {
            "parameters": count_parameters(self.ensemble) // (self.members * self.start.tries),
            "grid": list(self.goal.pictures.size),
            "channels": self.goal.pictures.channels,
        }

    def outcome(self, m: int) -> dict[str, Any]:
        with torch.no_grad():
            memorised = self.memory.psnr(self.goal.pictures.values.flatten(1, 2))
            return {"scores": {**self.latest(m), "memorised_psnr": memorised, **self.goal.score_exact(self.roll)}}

    def roll(self, shift: Float[Tensor, "2"]) -> Float[Tensor, "n p c"]:
        """The pictures, each rolled by this shift in sides and by nothing else."""
        return self.memory.roll(shift, self.ensemble.warp.wrap)

    def save(self, m: int, folder: Path) -> None:
        """Write images.npy [s, c, h, w] in [0, 1], images/*.png, images.csv, sheet.png, progress.gif, and warp.safetensors."""
        k, s = self.rendered.shape[1:3]
        last = self.rendered[m].flatten(0, 1).unflatten(1, self.goal.pictures.size).movedim(-1, 1)
        images = last.float().cpu().clamp(0, 1).numpy()
        np.save(folder / "images.npy", images)
        names = [self.goal.rendered_names[i] + (f" {j + 1}" if k > 1 else "") for j in range(k) for i in range(s)]
        contact_sheet.save_images(folder / "images", contact_sheet.to_bytes(images), names)
        Image.fromarray(self.draw_sheet(m)).save(folder / "sheet.png")
        columns = min(ABREAST, self.frames[-1].shape[1])
        film = [contact_sheet.draw_sheet(f[m].numpy(), names[: f.shape[1]], columns=columns) for f in self.frames]
        contact_sheet.save_film(folder / "progress.gif", film)
        self.table(m).to_csv(folder / "images.csv", index=False)
        parts = {name: value.detach() for name, value in self.ensemble.named_parameters()}
        save_file({name: self.select_member(value, m) for name, value in parts.items()}, folder / "warp.safetensors")

    def select_member(self, values: Shaped[Tensor, "b ..."], m: int) -> Shaped[Tensor, "k ..."]:
        """The parameters of a member's best tries: for each case, and for each picture where pictures have their own."""
        members, k, t, n = self.shape
        each = n if len(values) == self.rolls else 1
        return self.pick(values.unflatten(0, (members, k, t, each)))[m].flatten(0, 1).cpu().contiguous()

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
