"""The task of fitting signed distances."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from fieldlab.errors import InputError
from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Config, Exhibit
from fieldlab.tasks.field_task import FieldTask, Supervision
from fieldlab.tasks.surface.scoring import SURFACE

if TYPE_CHECKING:
    from fieldlab.runs.result import Result
    from fieldlab.training.field_module import FieldModule


@dataclass(frozen=True, kw_only=True)
class Surface(FieldTask):
    """Make fields the signed distance to surfaces; see `fieldlab.tasks.surface.module.SurfaceModule`."""

    scoring: ClassVar[Scoring] = SURFACE
    files: ClassVar[tuple[str, ...]] = (
        "weights.safetensors", "target.png", "reconstruction.png", "error.png", "mesh.ply", "view.glb", "target.glb",
    )  # fmt: skip

    resolution: int
    compared: int

    @classmethod
    def supervise(cls, config: Config) -> Supervision:
        if {"free", "derivatives"} & config["supervise"].keys():
            name = config["supervise"].get("name")
            raise InputError(f"supervise: {name} asks for values on a grid; leave it out, or task=surface")
        return super().supervise(config)

    def module(self) -> Callable[..., "FieldModule"]:
        from fieldlab.tasks.surface.module import SurfaceModule

        return SurfaceModule

    @classmethod
    def describe_size(cls, result: "Result") -> str:
        return f"{result.grid[0]:,} points"

    @classmethod
    def exhibit(cls) -> Exhibit:
        from fieldlab.tasks.surface.pictures import SURFACE_LIMIT

        return Exhibit(
            picture="reconstruction.png",
            below="error.png",
            original="target.png",
            scene=("target.glb", "view.glb"),
            error="distance from the given surface in sides of the cube",
            limit=SURFACE_LIMIT,
            panel=(5.2, 2.1),  # three views side by side
            captions=(
                "Above: views of the given surface and of each field's (its best fit). Below: an error against steps, mean and range over"
                " seeds, and each field's surface, coloured by its distance from the given one.",
                "An error against steps, mean and range over seeds; each field's surface (its best fit), coloured by its distance from"
                " the given one.",
            ),
            note=f"colours: distance from the given surface, black 0 to bright {SURFACE_LIMIT} sides of the cube",
        )
