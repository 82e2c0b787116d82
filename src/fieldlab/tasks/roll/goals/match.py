"""Match: rolled pictures that should equal others; registration."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import ndimage
from torch import Tensor

from fieldlab.config.files import File
from fieldlab.errors import InputError
from fieldlab.metrics import Scores, psnr
from fieldlab.signals.grid import centres
from fieldlab.signals.photos import read_photos
from fieldlab.tasks.roll.goals.goal import CaptionedImage, Goal, Pictures

SEAM = 3.0  # pixels on either side of where the picture's edges meet
MOST_SHIFT = 1e6  # pixels
DIM = 0.3  # of the contrast that is left outside of a region


class Match(Goal):
    """Mean squared error of what is seen against a target, over all pixels or those of one region of it.

    `targets` are of each case, and of each picture or of all. Where they are the pictures themselves, rolled, `shifts` are
    the shifts in pixels.

    Raises:
        InputError: a region that does not lie within the picture.
    """

    targets: Tensor

    def __init__(
        self,
        pictures: Pictures,
        targets: Float[Tensor, "k q h w c"],
        *,
        region: Sequence[int] | None,
        shifts: Float[Tensor, "k 2"] | None,
    ) -> None:
        super().__init__(pictures)
        self.cases = len(targets)
        self.shifts = shifts
        self.register_buffer("targets", targets.flatten(2, 3))
        if region is not None:
            self.places = find_pixels(region, pictures.size)

    def losses(self, seen: Float[Tensor, "m k t n p c"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t n"]:
        wanted = self.targets[:, :, at].movedim(2, 0)[:, :, None]
        return (seen - wanted).square().mean((-2, -1))

    def scores(self, seen: Float[Tensor, "m k t n p c"]) -> dict[str, Float[Tensor, "m k t n"]]:
        """PSNR in dB over the region's pixels."""
        wanted = self.targets[:, None].expand_as(seen).flatten(0, 3)
        mask = torch.zeros(wanted.shape[:2], dtype=torch.bool, device=seen.device)
        mask[:, self.places] = True
        return {"matched_psnr": psnr(seen.flatten(0, 3), wanted, mask).view(seen.shape[:4])}

    def score_exact(self, roll: Callable[[Float[Tensor, "2"]], Float[Tensor, "n p c"]]) -> Scores:
        """PSNR in dB of pictures rolled by the true shifts against their targets: `exact_psnr` over all pixels, `seam_psnr`
        over those within three pixels of where the picture's edges meet, `interior_psnr` over the others."""
        if self.shifts is None:
            return {}
        sides = self.targets.new_tensor(self.pictures.size)
        frame = centres(self.pictures.size).to(sides)
        found = []
        for shift, wanted in zip(self.shifts.to(sides) / sides, self.targets, strict=True):
            seen, away = roll(shift), frame - shift
            near = (((away - away.round()) * sides).abs() < SEAM).any(-1)
            masks = (torch.ones_like(near), near, ~near)
            found.append([psnr(seen, wanted, mask.expand(seen.shape[:2])).mean().item() for mask in masks])
        means = [mean if math.isfinite(mean) else None for mean in torch.tensor(found).mean(0).tolist()]
        return dict(zip(("exact_psnr", "seam_psnr", "interior_psnr"), means, strict=True))

    def arrange(
        self, images: Float[Tensor, "k n p c"], captions: Sequence[Sequence[str]]
    ) -> list[list[CaptionedImage]]:
        """A row for each picture, its target and its roll."""
        return [
            [
                (self.pictures.values[n].numpy(), name),
                (self.target(k, n), "target"),
                (self.picture(images[k, n]), captions[k][n]),
            ]
            for k in range(self.cases)
            for n, name in enumerate(self.pictures.names)
        ]

    def target(self, k: int, n: int) -> Float[np.ndarray, "h w c"]:
        """The target of picture n in case k; dim outside of the region."""
        wanted = self.targets[k, n if self.targets.shape[1] > 1 else 0].cpu()
        dim = torch.full((len(wanted), 1), DIM)
        dim[self.places.cpu()] = 1.0
        return self.picture(1 - dim * (1 - wanted))


def match(pictures: Pictures, *, target: File, region: Sequence[int] | None) -> Match:
    """The goal that all pictures equal one other, or a region [TOP, LEFT, BOTTOM, RIGHT] of it, in pixels.

    The target is cut and resampled to their size.

    Raises:
        InputError: a target that is no picture, a region outside of it.
    """
    found = read_photos({"target": target}, "goal", channels=pictures.channels, size=pictures.size)
    if len(found) > 1:
        raise InputError(f"goal.target: {target} is a folder; name one picture in it")
    [wanted] = found.values()
    return Match(pictures, wanted.movedim(0, -1)[None, None], region=region, shifts=None)


def recover(
    pictures: Pictures,
    *,
    shifts: Sequence[Sequence[float]] | None,
    distance: float | None,
    directions: int,
    region: Sequence[int] | None,
) -> Match:
    """The goal that each picture equals itself, rolled by a known shift, which is to be recovered.

    A case for each of `shifts`, [ROWS, COLUMNS] in pixels; or, at a `distance`, for each of so many `directions`. What lies
    between pixels is interpolated by cubic splines that repeat as the picture does.

    Raises:
        ValueError: no shifts, or one that is not two numbers; no directions; shifts and a distance.
    """
    if distance is not None and shifts is not None:
        raise ValueError("has shifts and a distance; make one of them null")
    if distance is not None:
        if directions < 1:
            raise ValueError(f"directions must be at least 1, not {directions}")
        angles = [2 * math.pi * j / directions for j in range(directions)]
        shifts = [[distance * math.sin(a), distance * math.cos(a)] for a in angles]
    if not shifts or any(len(s) != 2 or not all(abs(by) <= MOST_SHIFT for by in s) for s in shifts):
        raise ValueError(f"shifts must be pairs [ROWS, COLUMNS] of at most {MOST_SHIFT:g} pixels, not {shifts}")
    targets = torch.stack([torch.stack([roll_picture(p, shift) for p in pictures.values]) for shift in shifts])
    return Match(pictures, targets, region=region, shifts=torch.tensor(shifts, dtype=torch.float32))


def roll_picture(picture: Float[Tensor, "h w c"], shift: Sequence[float]) -> Float[Tensor, "h w c"]:
    """The picture rolled by so many pixels, as `numpy.roll` does for whole ones."""
    moved = ndimage.shift(picture.double().numpy(), (*shift, 0), order=3, mode="grid-wrap")
    return torch.from_numpy(moved).to(picture.dtype)


def find_pixels(region: Sequence[int], size: tuple[int, int]) -> Int[Tensor, "p"]:
    """The pixels of a region, in reading order.

    Raises:
        InputError: a region that does not lie within the picture.
    """
    top, left, bottom, right = region if len(region) == 4 else (0, 0, 0, 0)
    if not (0 <= top < bottom <= size[0] and 0 <= left < right <= size[1]):
        raise InputError(
            f"goal.region: {list(region)} should be [TOP, LEFT, BOTTOM, RIGHT], the edges of some of"
            f" {size[0]} x {size[1]} pixels"
        )
    rows, columns = torch.arange(top, bottom), torch.arange(left, right)
    return (rows[:, None] * size[1] + columns).flatten()
