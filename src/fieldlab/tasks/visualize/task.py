"""The task of finding images that a network answers to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from fieldlab.config.instantiate import report_as
from fieldlab.config.kind import Choices
from fieldlab.config.presets import name_preset
from fieldlab.config.schema import TRAINING, Keys, Node
from fieldlab.errors import InputError
from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Config, Exhibit, Facts, Member, Once
from fieldlab.runs.trained import TrainedTask
from fieldlab.tasks.visualize.scoring import VISUALIZE
from fieldlab.tasks.visualize.settings import CanvasNode, Photos, Text

if TYPE_CHECKING:
    from fieldlab.classifiers.model import Model
    from fieldlab.tasks.visualize.canvases.canvas import Canvas
    from fieldlab.tasks.visualize.module import VisualizeModule
    from fieldlab.tasks.visualize.objectives.objective import Objective
    from fieldlab.training.optimisation import Descent


@dataclass(frozen=True)
class CanvasMember(Member):
    """A canvas for a model."""

    model: "Model"
    objective: "Objective"
    canvas: "Canvas"


@dataclass(frozen=True, kw_only=True)
class Visualize(TrainedTask):
    """Find images that a network answers to; see `fieldlab.tasks.visualize.module.VisualizeModule`."""

    keys: ClassVar[Keys] = {
        **TRAINING, "model": Node, "objective": Text, "canvas": CanvasNode, "transforms": Node, "photos": Photos,
    }  # fmt: skip
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
        model = config.get("model")
        if not isinstance(model, Mapping):
            raise InputError("model: the task Visualize needs one, like model=texture")
        own = model.get("name") or model.get("path") or str(model.get("_target_", "model")).rpartition(".")[2]
        return f"{Path(str(own)).stem} {config['objective']}"

    @classmethod
    def name_field(cls, config: Config, choices: Choices) -> str:
        """The field that paints, or the canvas where there is none."""
        return str(choices["canvas"]) if choices.get("field") is None else name_preset(choices)

    def look(self, config: Config, devices: int, once: Once) -> Facts:
        from fieldlab.tasks.visualize.check import check_visualization

        return check_visualization(self, config, devices, once)

    def build(self, config: Config) -> CanvasMember:
        from fieldlab.tasks.visualize.build import build_canvas, build_model, build_objective, count_images

        model = build_model(config["model"])
        objective = build_objective(config["objective"], model)
        return CanvasMember(config, model, objective, build_canvas(config, model, count_images(config, objective)))

    def assemble(
        self, members: Sequence[CanvasMember], *, seeds: Sequence[int], steps: int, descent: "Descent"
    ) -> "VisualizeModule":
        from fieldlab.tasks.visualize.build import build_transforms, join_canvases, read_reference
        from fieldlab.tasks.visualize.module import VisualizeModule

        first = members[0]
        canvas = join_canvases([member.canvas for member in members])
        photos = read_reference(first.config["photos"], first.model.channels)
        transforms = build_transforms(first.config["transforms"], "transforms")
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
