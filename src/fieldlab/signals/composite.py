"""Composites: two photos blended in the gradient domain (Perez et al. 2003, Poisson image editing)."""

from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.config.files import File, Label, Mask
from fieldlab.signals import poisson, stencils
from fieldlab.signals.grid import Alignment, Grid
from fieldlab.signals.images import image, load, resolve


def composite(
    *,
    name: Label | None,
    path: File,
    other: File,
    mask: Mask | None,
    rule: Literal["sum", "strongest"],
    weights: list[float],
    size: int | list[int] | None,
    channels: Literal["grey", "rgb"],
    background: str,
    alignment: Alignment,
) -> Grid:
    """The image whose gradients come closest to a blend of two photos' gradients, and that blend.

    With g and h the photos' central differences, each times its weight: with a `mask`, a picture, g where it is
    brighter than 1/2 and h elsewhere; else by `rule` g + h, or the `strongest` of g and h, sample by sample. `values`
    are the classical least-squares solution with the mean colour of the photos, stretched to [0, 1], `gradients` the blend on the same scale. The other
    photo and the mask are cut and resampled to the size of the first.

    g + h is the gradient of the photos' weighted sum, so that its solution is that sum: only a mask or `strongest`
    blend what no average can.

    Raises:
        InputError: a file that is missing or no picture.
        ValueError: other than two positive weights.
    """
    if len(weights) != 2 or min(weights) <= 0:
        raise ValueError(f"weights must be two positive numbers, not {weights}")
    first = image(
        name=None,
        path=path,
        mask=mask,
        page=None,
        size=size,
        channels=channels,
        background=background,
        alignment=alignment,
    )
    pixels = load(other, "signal.other", channels=channels, size=list(first.grid), background=background)
    second = Grid(resolve(other, "signal.other").stem, torch.from_numpy(pixels), alignment)
    g, h = (w * stencils.gradient(photo, "central") for w, photo in zip(weights, (first, second), strict=True))
    blend = blend_gradients(g, h, first.mask, rule)
    share = weights[0] / sum(weights)
    mean = (share * first.values + (1 - share) * second.values).flatten(0, -2).mean(0)
    values = poisson.solve(blend, first.spacing) + mean  # which gradients leave free
    low, high = values.amin().item(), values.amax().item()
    stretch = 1 / (high - low) if high > low else 1.0
    return replace(
        first,
        name=name or f"{first.name}+{second.name}",
        values=(values - low) * stretch,
        gradients=blend * stretch,
    )


def blend_gradients(
    g: Float[Tensor, "*grid c dim"], h: Float[Tensor, "*grid c dim"], mask: Tensor | None, rule: str
) -> Float[Tensor, "*grid c dim"]:
    """The blend of two gradients, sample by sample and channel by channel."""
    if mask is not None:
        return torch.where(mask[..., None, None], g, h)
    if rule == "strongest":
        return torch.where(g.norm(dim=-1, keepdim=True) >= h.norm(dim=-1, keepdim=True), g, h)
    return g + h
