"""Collage: several pictures blended into one."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fieldlab.tasks.roll.goals.goal import CaptionedImage, Goal, Pictures


class Collage(Goal):
    """sum_n w_n(x) Phi_n(x) towards another goal, with w the softmax over pictures of `gain` times learned masks.

    A mask has `cells` x `cells` numbers, 0 to begin with, and is linear between the middles of its cells.

    Raises:
        ValueError: cells below 1, a gain that is not positive, a goal with several cases, another collage.
    """

    def __init__(self, pictures: Pictures, towards: Goal, *, cells: int, gain: float) -> None:
        super().__init__(pictures)
        if cells < 1 or gain <= 0:
            raise ValueError(f"cells and gain must be positive, not {cells} and {gain}")
        if towards.cases > 1 or isinstance(towards, Collage):
            raise ValueError("towards must be a goal with a single case, and no collage")
        self.towards = towards
        self.cells = cells
        self.gain = gain
        self.needs_all = towards.needs_all
        self.places = towards.places

    def add_parameters(self, rolls: int) -> None:
        shape = (rolls, len(self.pictures.names), self.cells, self.cells)
        self.masks = nn.Parameter(torch.zeros(shape, device=self.places.device))

    def weights(self, m: int) -> Float[Tensor, "m k t n p"]:
        """The weight of each picture at every pixel, of m members."""
        fine = interpolate(self.gain * self.masks, self.pictures.size, mode="bilinear", align_corners=False)
        return fine.flatten(2).softmax(1).unflatten(0, (m, 1, -1))

    def blend(
        self, seen: Float[Tensor, "m k t n p c"], weights: Float[Tensor, "m k t n p"]
    ) -> Float[Tensor, "m k t 1 p c"]:
        """The weighted sum of the pictures."""
        return (weights[..., None] * seen).sum(3, keepdim=True)

    def losses(self, seen: Float[Tensor, "m k t n p c"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t 1"]:
        whole = self.weights(len(seen))
        places = at[:, None, None, None].expand(*whole.shape[:-1], -1)
        return self.towards.losses(self.blend(seen, whole.gather(-1, places)), at)

    def losses_alone(self, seen: Float[Tensor, "m k t n p c"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t n"]:
        return torch.cat([self.towards.losses(part, at) for part in seen.split(1, dim=3)], dim=3)

    def scores(self, seen: Float[Tensor, "m k t n p c"]) -> dict[str, Float[Tensor, "m k t 1"]]:
        return self.towards.scores(self.blend(seen, self.weights(len(seen))))

    def render(self, seen: Float[Tensor, "m k t n p c"]) -> Float[Tensor, "m k t s p c"]:
        """The collage, and each picture's part of it, on white."""
        weights = self.weights(len(seen))
        parts = 1 - weights[..., None] * (1 - seen)
        return torch.cat([self.blend(seen, weights), parts], dim=3)

    @property
    def rendered_names(self) -> Sequence[str]:
        return ["collage", *(f"part of {name}" for name in self.pictures.names)]

    def arrange(
        self, images: Float[Tensor, "k s p c"], captions: Sequence[Sequence[str]]
    ) -> list[list[CaptionedImage]]:
        """A row of the other goal for the collage, one of its parts, and one of the pictures themselves."""
        [[_, *whole]] = self.towards.arrange(images[:, :1], [["collage"]])
        parts = [
            (self.picture(part), name) for name, part in zip(self.rendered_names[1:], images[0, 1:], strict=True)
        ]
        bare = [
            (p.numpy(), f"{name}: {by}")
            for p, name, by in zip(self.pictures.values, self.pictures.names, captions[0], strict=True)
        ]
        return [whole, parts, bare]
