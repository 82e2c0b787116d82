"""SurfaceModule: make fields the signed distance to surfaces of which points and normals are known."""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from trimesh import Trimesh

from fieldlab.field import POINTS_AT_ONCE, Ensemble
from fieldlab.geometry.compare import chamfer, iou, sample_mesh
from fieldlab.geometry.extract import Function, extract
from fieldlab.metrics import Scores
from fieldlab.operators import gradient, value
from fieldlab.signals.cloud import Cloud
from fieldlab.signals.regions import SPACE
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split
from fieldlab.tasks.surface.pictures import draw_views, save_surface
from fieldlab.training.constraints import Constraint, check_constraints
from fieldlab.training.field_module import FieldModule
from fieldlab.training.optimisation import Descent
from fieldlab.training.samples import Samples
from fieldlab.training.sampling.sampling import Sampling

PROBES = 8192  # points at which the curve's scores are taken: on the surface, and in the cube
DRAFT = 64  # cells a side of the surface that is shown while it is learned


class SurfaceModule(FieldModule):
    """Constraints on a field whose value is 1/2 + signed distance, in sides of the unit cube.

    Regions are `surface`, the training points, and `space`, anywhere; `normal` is known on the surface. On the way, at
    `scores` steps, the field is scored at fixed points: `surface_error`, mean |distance| at test points; `normal_error`,
    the mean angle between gradient and normal there; `eikonal_error`, mean | |gradient| - 1 | in the cube; and
    `distance_error`, mean |distance - exact distance| in the cube, where that is known. At the end the surface is
    extracted at `resolution` cells a side and compared with the given one at `compared` points each: `chamfer`,
    `normal_consistency`, and `iou` where the exact distance is known. On the way fewer points are taken where steps are
    small. Lengths are in sides of the unit cube.

    Raises:
        ValueError: signals that are no clouds, constraints on what they do not know.
    """

    signals: Sequence[Cloud]

    def __init__(
        self,
        ensemble: Ensemble,
        signals: Sequence[Signal],
        splits: Sequence[Split],
        seeds: Sequence[int],
        *,
        constraints: Mapping[str, Constraint],
        batch_size: int | None,
        sampling: Sampling,
        scores: int,
        clip_norm: float | None,
        bf16_until: float,
        resolution: int,
        compared: int,
        steps: int,
        descent: Descent,
    ) -> None:
        clouds = [signal for signal in signals if isinstance(signal, Cloud)]
        if len(clouds) < len(signals):
            raise ValueError(f"{signals[0].name} is no cloud of points; leave task=surface out, for signals on grids")
        if resolution < DRAFT or compared < 1:
            raise ValueError(
                f"resolution must be at least {DRAFT} and compared at least 1, not {resolution} and {compared}"
            )
        regions = [cloud.regions() for cloud in clouds]
        data = {"normal": torch.stack([cloud.normals.unsqueeze(-2) for cloud in clouds])}
        check_constraints(constraints, [*regions[0], SPACE], data, 3)
        samples = Samples.of_regions(
            signals,
            splits,
            seeds,
            marked=regions,
            constraints=constraints.values(),
            data=data,
            batch_size=batch_size,
            sampling=sampling,
            steps=steps,
            scores=scores,
        )
        super().__init__(ensemble, clouds, samples, constraints, descent, clip_norm, bf16_until)
        self.resolution = resolution
        self.compared = compared
        self.probes = Probes(clouds, splits)
        self.meshes: dict[int, Trimesh] = {}

    def to_device(self) -> None:
        self.probes.to(self.device)

    def measure(self, *, whole: bool) -> tuple[list[Scores], list[bool]]:
        probes = self.probes if whole else self.probes.first(self.scored_on_the_way // 2)
        distance = self.evaluate(value, probes.surface)[..., 0] - 0.5
        slope, anywhere = (self.evaluate(gradient, x)[..., 0, :] for x in (probes.surface, probes.space))
        cosine = torch.cosine_similarity(slope, probes.normals, dim=-1)
        columns = {
            "surface_error": distance.abs().mean(1),
            "normal_error": cosine.clamp(-1, 1).acos().rad2deg().mean(1),
            "eikonal_error": (anywhere.norm(dim=-1) - 1).abs().mean(1),
        }
        finite = torch.stack(list(columns.values())).isfinite().all(0).tolist()
        there = self.evaluate(value, probes.space)[..., 0] - 0.5
        columns["distance_error"] = (there - probes.distance).abs().mean(1)
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        return [
            {name: score if math.isfinite(score) else None for name, score in row.items()} for row in named
        ], finite

    def distance(self, m: int) -> Function:
        """Member m's signed distance at canonical points, in sides of the unit cube."""
        device = self.samples.x.device  # the Trainer takes the task itself back to the CPU
        field = self.ensemble.member(m).to(device)

        @torch.no_grad()
        def distance(x: Float[Tensor, "n 3"]) -> Float[Tensor, "n"]:
            values = [field(block.to(device))[..., 0].cpu() for block in x.split(POINTS_AT_ONCE)]
            return torch.cat(values) - 0.5

        return distance

    def can_draw(self, steps: int) -> bool:
        return self.count_affordable(steps) >= DRAFT**3

    def render(self, m: int) -> Mapping[str, np.ndarray]:
        mesh = extract(self.distance(m), DRAFT)
        return {"reconstruction": draw_views(mesh)} if len(mesh.faces) else {}

    def outcome(self, m: int) -> dict[str, Any]:
        self.meshes[m] = extract(self.distance(m), self.resolution)
        return {"scores": {**self.latest(m), **self.compare(m)}}

    def compare(self, m: int) -> Scores:
        """The scores of the extracted surface against the given one; None for all where there is no surface."""
        mesh, cloud = self.meshes[m], self.signals[m]
        if not len(mesh.faces):
            return {"chamfer": None, "normal_consistency": None, "iou": None}
        far, agreement = chamfer(sample_mesh(mesh, self.compared), cloud.surface(self.compared))
        overlap = None
        if cloud.distance is not None:
            x = torch.rand(self.compared, 3, generator=make_generator())
            overlap = iou((self.distance(m)(x) < 0).numpy(), cloud.distance(x.double().numpy()) < 0)
        return {"chamfer": far, "normal_consistency": agreement, "iou": overlap}

    def save_pictures(self, m: int, folder: Path) -> None:
        save_surface(folder, self.meshes[m], extract(self.distance(m), DRAFT), self.signals[m])


class Probes:
    """Fixed points at which members are scored: test points of each cloud, and points of the cube, with the exact
    distance there, NaN where it is not known."""

    def __init__(self, clouds: Sequence[Cloud], splits: Sequence[Split]) -> None:
        self.space = torch.rand(PROBES, 3, generator=make_generator()).expand(len(clouds), -1, -1)
        tested = [split.test.nonzero()[:, 0] for split in splits]
        chosen = torch.stack(
            [test[torch.randperm(len(test), generator=make_generator())[:PROBES]] for test in tested]
        )
        self.surface, self.normals = (
            torch.stack([getattr(cloud, part)[index] for cloud, index in zip(clouds, chosen, strict=True)])
            for part in ("points", "normals")
        )
        x = self.space[0].double().numpy()
        unknown = np.full(PROBES, np.nan)
        exact = [unknown if cloud.distance is None else cloud.distance(x) for cloud in clouds]
        self.distance = torch.from_numpy(np.stack(exact)).float()

    def to(self, device: torch.device) -> None:
        self.surface, self.normals, self.space, self.distance = (
            part.to(device) for part in (self.surface, self.normals, self.space, self.distance)
        )

    def first(self, count: int) -> "Probes":
        """At most so many of them on the surface, and as many in the cube; at least one."""
        some = copy(self)
        some.surface, some.normals, some.space, some.distance = (
            part[:, : max(1, count)] for part in (self.surface, self.normals, self.space, self.distance)
        )
        return some


def make_generator() -> torch.Generator:
    """A generator that is the same for every fit."""
    return torch.Generator().manual_seed(0)
