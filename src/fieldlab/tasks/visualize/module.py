"""VisualizeModule: find images that a network answers to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from fieldlab.classifiers.activations import OUTPUT, Activations, Seen
from fieldlab.classifiers.model import Model
from fieldlab.field import count_parameters
from fieldlab.metrics import Scores
from fieldlab.signals.grid import centres
from fieldlab.tasks import contact_sheet
from fieldlab.tasks.visualize.canvases import measures
from fieldlab.tasks.visualize.canvases.canvas import Canvas
from fieldlab.tasks.visualize.canvases.painted import Painted
from fieldlab.tasks.visualize.draws import Draws
from fieldlab.tasks.visualize.objectives.objective import Objective
from fieldlab.tasks.visualize.patches import Photos, best_patches
from fieldlab.tasks.visualize.scoring import REAL_PATCHES
from fieldlab.tasks.visualize.transforms.transform import TransformSequence
from fieldlab.training.chunks import Chunk
from fieldlab.training.module import State, TaskModule
from fieldlab.training.optimisation import Descent


class VisualizeModule(TaskModule):
    """Ascend the objective: a member is n images, `each` of every unit; its loss is minus the sum of their scores.

    At every step `copies` of each image are transformed by themselves, and their scores averaged. In the first
    `leaky_steps` slopes pass through rectifiers that are off.

    Images are scored as they are, `scores` times. `activation`: the objective's part that is the network's answer, relative
    to the best of `patches` areas of every photo, as large as the canvas, where that is positive; `robust_activation` the
    same under `held_out` transforms, `draws` times; `kept` their ratio; `high_frequency`, `slope` and `flat` as in
    `measures`; and of objectives over `logits`, where the model has a judge, whether the judge takes an image for what it is
    for: `recognised`. All are means over the member's images.

    `magnify`: the factor by which saved images are finer than those that were optimised; only fields can be magnified.

    Raises:
        ValueError: counts out of range, a canvas that cannot be magnified.
    """

    ensemble: Canvas
    samples: Draws

    def __init__(
        self,
        ensemble: Canvas,
        seeds: Sequence[int],
        *,
        model: Model,
        objective: Objective,
        photos: Photos,
        transforms: TransformSequence,
        held_out: TransformSequence,
        each: int,
        copies: int,
        leaky_steps: int,
        patches: int,
        draws: int,
        magnify: int,
        scores: int,
        steps: int,
        descent: Descent,
    ) -> None:
        for name, count, least in (
            ("leaky_steps", leaky_steps, 0), ("patches", patches, 1), ("draws", draws, 1), ("magnify", magnify, 1)
        ):  # fmt: skip
            if count < least:
                raise ValueError(f"{name} must be at least {least}, not {count}")
        if magnify > 1 and not isinstance(ensemble.parameterization, Painted):
            raise ValueError(f"magnify={magnify} needs a canvas that is known between its pixels: canvas=field")
        self.images = each * objective.images
        samples = Draws(
            seeds, copies=copies, images=self.images, numbers=transforms.numbers, steps=steps, scores=scores
        )
        super().__init__(ensemble, len(seeds), samples, descent, clip_norm=None)
        self.model = model
        self.objective = objective
        self.photos = photos
        self.transforms = transforms
        self.held_out = held_out
        self.leaky_steps = leaky_steps
        self.patches = patches
        self.draws = draws
        self.magnify = magnify
        self.frames: list[UInt8[Tensor, "k h w 3"]] = []

    @property
    def names(self) -> list[str]:
        """The names of a member's images: what each is for."""
        return [f"{self.objective.name(i)} {self.label(i)}".strip() for i in range(self.images)]

    def label(self, i: int) -> str:
        units = self.logits
        return str(self.model.labels[units[i % len(units)]]) if units and self.model.labels else ""

    @property
    def logits(self) -> Sequence[int]:
        """The units of the model's answer that the objective is over; none where it is over something else."""
        return self.objective.channels_of(OUTPUT)

    @contextmanager
    def hook_layers(self) -> Iterator[None]:
        """Hook the objective's layers, so that `self.look` gives what they answer."""
        with Activations(self.model.network, self.objective.layers) as self.look:
            yield

    def on_train_start(self) -> None:
        with self.hook_layers():
            super().on_train_start()

    def training_step(self, chunk: Chunk, _: int) -> None:
        with self.hook_layers():
            super().training_step(chunk, _)

    def step(self, batch: Any, number: int) -> Float[Tensor, "m"]:
        with self.look.leaky() if number < self.leaky_steps else nullcontext():
            return super().step(batch, number)

    def to_device(self) -> None:
        """Move the model, and find the objective's scores of real images."""
        self.model.to(self.device)
        always = torch.Generator().manual_seed(0)
        drawn = torch.rand(self.draws, self.images, self.held_out.numbers, generator=always)
        self.held_out_draws = drawn.to(self.device)
        size: Any = tuple(self.ensemble().shape[2:])
        patches, best = best_patches(self.model, self.photos, self.objective, size, self.patches)
        self.best, self.real = best.to(self.device), None
        if patches is not None:
            rows = self.scores_of(patches.to(self.device).repeat(self.images // len(patches), 1, 1, 1))
            self.real = self.mean({name: values[None] for name, values in rows.items()}, 0)

    def total(self, batch: Float[Tensor, "m copies n k"]) -> Float[Tensor, "m"]:
        m, copies, n, _ = batch.shape
        images = self.ensemble().unflatten(0, (m, n))[:, None].expand(-1, copies, -1, -1, -1, -1).flatten(0, 2)
        changed = self.transforms(images, batch.flatten(0, 2))
        scores = self.score_sets(self.objective, self.observe(changed), images)
        return -scores.view(m, copies, n).mean(1).sum(1)

    def observe(self, images: Float[Tensor, "k c h w"]) -> Seen:
        """The answers of the objective's layers, channels first."""
        return self.model.observe(self.look, images)

    def score_sets(self, score: Callable[[Seen, Tensor], Tensor], seen: Seen, images: Tensor) -> Float[Tensor, "k"]:
        """The scores of images, set by set: units alternate within a set, and diversity is measured within it."""
        parts = {layer: answer.split(self.images) for layer, answer in seen.items()}
        sets = images.split(self.images)
        return torch.cat([score({layer: part[j] for layer, part in parts.items()}, s) for j, s in enumerate(sets)])

    @torch.no_grad()
    def measure(self, *, whole: bool) -> tuple[list[Scores], list[bool]]:
        images = self.ensemble()
        self.rows = {name: values.view(self.members, -1) for name, values in self.scores_of(images).items()}
        self.frames.append(torch.from_numpy(contact_sheet.to_bytes(images.float().cpu().numpy())))
        finite = images.isfinite().reshape(self.members, -1).all(1)
        finite &= self.rows["answer"].isfinite().all(1) if "answer" in self.rows else True
        return [self.mean(self.rows, m) for m in range(self.members)], finite.tolist()

    def mean(self, rows: Mapping[str, Tensor], m: int) -> Scores:
        """The mean scores of a member over the images whose scores are known."""
        means = {name: values[m].nanmean().item() for name, values in rows.items() if name not in ("answer", "best")}
        if "kept" in means:  # of all that the images have together: a single one may have next to nothing
            means["kept"] = means["robust_activation"] / means["activation"] if means["activation"] > 0 else np.nan
        return {name: mean if np.isfinite(mean) else None for name, mean in means.items()}

    def scores_of(self, images: Float[Tensor, "k c h w"]) -> dict[str, Float[Tensor, "k"]]:
        """The scores of each image; sets of images follow one another."""
        found: dict[str, Tensor] = {}
        if self.objective.answers:
            bare = self.answer(images)
            best = self.best.repeat(len(images) // len(self.best))
            many = len(images) // self.images
            under = [self.answer(self.held_out(images, u.repeat(many, 1))) for u in self.held_out_draws]
            robust = torch.stack(under).mean(0)
            positive = best > 0  # a share of what is not there has no meaning
            found |= {"answer": bare, "best": best}
            found["robust_activation"] = torch.where(positive, robust / best, torch.nan)
            found["activation"] = torch.where(positive, bare / best, torch.nan)
            found["kept"] = torch.where(bare > 0, robust / bare, torch.nan)
        found["high_frequency"] = measures.high_frequency_share(images)
        found["slope"] = measures.spectral_slope(images)
        found["flat"] = measures.is_flat(images)
        if (judge := self.model.judge) is not None and self.logits:
            with Activations(judge.network, [OUTPUT]) as look:
                taken_for = judge.observe(look, images)[OUTPUT].argmax(1)
            wanted = torch.tensor(self.logits, device=images.device).repeat(len(images) // len(self.logits))
            found["recognised"] = (taken_for == wanted).float()
        return found

    def answer(self, images: Float[Tensor, "k c h w"]) -> Float[Tensor, "k"]:
        """The part of the objective that is the network's answer, for each image."""
        return self.score_sets(self.objective.answer, self.observe(images), images)

    def facts(self, m: int) -> dict[str, Any]:
        images = self.ensemble()
        return {
            "parameters": count_parameters(self.ensemble) // self.members,
            "grid": list(images.shape[2:]),
            "channels": images.shape[1],
        }

    def outcome(self, m: int) -> dict[str, Any]:
        return {"scores": self.latest(m), "yardsticks": {REAL_PATCHES: self.real} if self.real else {}}

    def of_member(self, images: Tensor, m: int) -> Tensor:
        return images.unflatten(0, (self.members, self.images))[m]

    def render(self, m: int) -> Mapping[str, np.ndarray]:
        return {"sheet": contact_sheet.draw_sheet(self.of_member(self.frames[-1], m).numpy(), self.names)}

    @torch.no_grad()
    def render_magnified(self) -> Float[Tensor, "k c h w"]:
        """The images, `magnify` times finer than they were optimised."""
        canvas = self.ensemble
        if self.magnify == 1 or not isinstance(canvas.parameterization, Painted):
            return canvas()
        size = [side * self.magnify for side in canvas.parameterization.size]
        return canvas.render(canvas.parameterization.at(centres(size).to(canvas.parameterization.x.device), size))

    def save(self, m: int, folder: Path) -> None:
        """Write images.npy [n, c, h, w] in [0, 1], images/*.png, images.csv, sheet.png, and progress.gif."""
        images = self.of_member(self.render_magnified(), m).float().cpu().numpy()
        np.save(folder / "images.npy", images)
        pixels = contact_sheet.to_bytes(images)
        contact_sheet.save_images(folder / "images", pixels, self.names)
        Image.fromarray(contact_sheet.draw_sheet(pixels, self.names)).save(folder / "sheet.png")
        frames = [self.of_member(frame, m).numpy() for frame in self.frames]
        film = [contact_sheet.draw_sheet(frame, self.names, least=contact_sheet.LEAST_FRAME) for frame in frames]
        contact_sheet.save_film(folder / "progress.gif", film)
        rows = {name: values[m].tolist() for name, values in self.rows.items()}
        about = {"image": range(self.images), "objective": map(self.objective.name, range(self.images))}
        about["label"] = map(self.label, range(self.images))
        pd.DataFrame({**about, **rows}).to_csv(folder / "images.csv", index=False)

    def state(self, step: int) -> State:
        return {**super().state(step), "frames": self.frames}

    def restore(self, state: State) -> None:
        super().restore(state)
        self.frames = state["frames"]
