"""Whether images can be found as a configuration says."""

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.classifiers.activations import Seen
from fieldlab.classifiers.answers import LayerError
from fieldlab.classifiers.layers import check_slopes
from fieldlab.config.fingerprint import cover, drop_name
from fieldlab.errors import InputError, first_line
from fieldlab.runs.check import to_json
from fieldlab.runs.rules import check_running
from fieldlab.runs.task import Config, Facts, Once
from fieldlab.runs.trained import assemble_module
from fieldlab.tasks.visualize.module import VisualizeModule
from fieldlab.training.check import check_schedule, try_out

if TYPE_CHECKING:
    from fieldlab.tasks.visualize.task import Visualize

DETERMINES = ("model", "objective", "canvas", "transforms", "photos")
TRAINING = ("task", "optimizer", "schedule", "steps")


def check_visualization(task: "Visualize", config: Config, devices: int, once: Once) -> Facts:
    """Build model, canvas and training, and look at the canvas once."""
    check_running(config, devices)
    canvas = to_json({**cover(config), "field": drop_name(config["field"])}, *DETERMINES, "field")
    once(canvas, to_json(config, *TRAINING), look=lambda: look_once(assemble_module(task, [task.build(config)])))
    return Facts(task.name_subject(config), (canvas,))


def look_once(module: VisualizeModule) -> None:
    """Hold canvas, transforms, model and objective against each other.

    Raises:
        InputError: a canvas that the model does not take, an answer that is no number.
    """
    check_schedule(module)
    check_slopes(module.model, tuple(module.objective.layers))
    middle = torch.full((1, *module.samples.shape), 0.5)
    with torch.no_grad(), module.hook_layers():
        images = module.ensemble()
        changed = try_out("transforms", lambda: module.transforms(images, middle[0, 0]))
        numbers = torch.full((len(images), module.held_out.numbers), 0.5)
        held_out = try_out("task.held_out", lambda: module.held_out(images, numbers))
        ask(module, images[:1], "canvas.size", "canvas.size=null makes them as large")
        seen = ask(module, changed, "transforms", "transforms=none leaves them as they are")
        ask(module, held_out[:1], "task.held_out", "task.held_out=null leaves them as they are")
        for layer, answer in seen.items():
            if not answer.isfinite().all():
                name = module.model.name
                raise InputError(f"model: {layer} of {name} answers the first images with NaN or infinity")
        try_out("objective", lambda: module.score_sets(module.objective, seen, images))


def ask(module: VisualizeModule, images: Float[Tensor, "n c h w"], key: str, otherwise: str) -> Seen:
    """What the objective's layers answer to images that are as this key makes them.

    Raises:
        InputError: a network that does not take them.
    """
    try:
        return module.observe(images)
    except LayerError as error:
        raise InputError(f"objective: {error}") from error
    except Exception as error:  # whatever a user's network has to say against its input
        size, own = (" x ".join(map(str, sides)) for sides in (images.shape[1:], module.model.size))
        raise InputError(
            f"{key}: {module.model.name} does not take images of {size} ({type(error).__name__}: {first_line(error)});"
            f" model.resize=true shows it images of any size at its own {own}, and {otherwise}"
        ) from error
