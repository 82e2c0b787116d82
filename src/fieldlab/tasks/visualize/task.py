"""The task of finding images that a network answers to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from omegaconf import DictConfig

from fieldlab.build import report_as
from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Config, Exhibit, Facts, Member, Once, Task
from fieldlab.tasks.keys import check_visualize_keys
from fieldlab.tasks.visualize.scoring import VISUALIZE

if TYPE_CHECKING:
    from fieldlab.canvases.canvas import Canvas
    from fieldlab.models.model import Model
    from fieldlab.objectives.objective import Objective
    from fieldlab.tasks.descent import Descent
    from fieldlab.tasks.visualize.module import VisualizeModule


@dataclass(frozen=True)
class CanvasMember(Member):
    """A canvas for a model."""

    model: "Model"
    objective: "Objective"
    canvas: "Canvas"

    @property
    def subject(self) -> str:
        return Visualize.name_subject(self.config)


@dataclass(frozen=True, kw_only=True)
class Visualize(Task):
    """Find images that a network answers to; see `fieldlab.tasks.visualize.module.VisualizeModule`."""

    scoring: ClassVar[Scoring] = VISUALIZE
    files: ClassVar[tuple[str, ...]] = ("sheet.png", "progress.gif", "images.npy", "images.csv", "images/*.png")
    subject_keys: ClassVar[tuple[str, ...]] = ("model.", "photos.", "canvas.size")
    follows: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "transforms.name": ("transforms.",), "canvas.colors.name": ("canvas.colors.",),
    }  # fmt: skip
    silent: ClassVar[tuple[str, ...]] = ("objective",)

    each: int
    copies: int
    leaky_steps: int
    scores: int
    patches: int
    draws: int
    magnify: int
    held_out: Mapping[str, Any] | None

    @classmethod
    def name_subject(cls, config: Config) -> str:
        """`texture logits:*`."""
        model = config["model"] or {}
        if not model:
            check_visualize_keys(config)
        own = model.get("name") or model.get("path") or str(model.get("_target_", "model")).rpartition(".")[2]
        return f"{Path(str(own)).stem} {config['objective']}"

    def check(self, config: Config, devices: int, once: Once) -> Facts:
        check_visualize_keys(config)
        from fieldlab.tasks.visualize.check import check_visualization

        return check_visualization(self, config, devices, once)

    def build(self, config: DictConfig) -> CanvasMember:
        from fieldlab.tasks.visualize.build import build_canvas, build_model, build_objective, count_images

        model = build_model(config)
        objective = build_objective(config.objective, model)
        return CanvasMember(config, model, objective, build_canvas(config, model, count_images(config, objective)))

    def assemble(
        self, members: Sequence[CanvasMember], *, seeds: Sequence[int], steps: int, descent: "Descent"
    ) -> "VisualizeModule":
        from fieldlab.tasks.visualize.build import build_transforms, photos_of, take_in
        from fieldlab.tasks.visualize.module import VisualizeModule

        first = members[0]
        canvas = take_in([member.canvas for member in members])
        photos = photos_of(first.config.photos, first.model.channels)
        transforms = build_transforms(first.config.transforms, "transforms")
        held_out = build_transforms(self.held_out, "task.held_out")
        with report_as("task"):
            return VisualizeModule(
                canvas,
                seeds,
                model=first.model,
                objective=first.objective,
                photos=photos,
                transforms=transforms,
                held_out=held_out,
                each=self.each,
                copies=self.copies,
                leaky_steps=self.leaky_steps,
                patches=self.patches,
                draws=self.draws,
                magnify=self.magnify,
                scores=self.scores,
                steps=steps,
                descent=descent,
            )

    @classmethod
    def exhibit(cls) -> Exhibit:
        return Exhibit(
            picture="sheet.png",
            below="progress.gif",
            words="Above: the images of each canvas (its best seed, by {judged}), each over what it is for. Below: how they came about.",
        )
