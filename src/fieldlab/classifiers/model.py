"""Model: a network to look into, and what is needed to show it images."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fieldlab.classifiers.activations import Activations, Seen


@dataclass(frozen=True, eq=False)
class Model:
    """A network of images [n, channels, h, w] in [0, 1], normalised as (image - mean) / std.

    `size` is what it was made for, and where `resize` is true all it ever sees: images of another size are resampled.
    Where `channels_last` is true its layers answer with [n, h, w, c] wherever an answer has four axes (Swin). `labels` name
    what its answer, `logits`, tells apart. A `judge` with the same answers, trained by itself, says whether
    it recognises what was drawn for this one.

    Raises:
        ValueError: mean or std that are not one number a channel, a std of 0, a judge with other channels.
    """

    name: str
    network: nn.Module
    channels: int
    size: tuple[int, int]
    mean: Sequence[float]
    std: Sequence[float]
    resize: bool = False
    channels_last: bool = False
    labels: Sequence[str] = ()
    judge: "Model | None" = None

    def __post_init__(self) -> None:
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) != self.channels:
                raise ValueError(f"{name} has {len(numbers)} numbers; {self.channels} channels need as many")
        if min(self.std, default=1.0) <= 0:
            raise ValueError(f"std must be positive, not {list(self.std)}")
        if min(self.size) < 1:
            raise ValueError(f"size must be at least one pixel, not {list(self.size)}")
        if self.judge is not None and self.judge.channels != self.channels:
            raise ValueError(f"judge sees {self.judge.channels} channels, and not {self.channels}")

    def normalize(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c i j"]:
        """The network's input for images in [0, 1]: resampled where it resizes, and normalised."""
        if self.resize and tuple(images.shape[2:]) != self.size:
            images = interpolate(images, self.size, mode="bilinear", align_corners=False, antialias=True)
        mean, std = (torch.tensor(list(part), device=images.device)[:, None, None] for part in (self.mean, self.std))
        return (images - mean) / std

    def observe(self, look: Activations, images: Float[Tensor, "n c h w"]) -> Seen:
        """The answers of layers to images in [0, 1], channels first."""
        last = 4 if self.channels_last else None  # axes of an answer whose channels come last
        answers = look(self.normalize(images))
        return {layer: a.movedim(-1, 1) if a.ndim == last else a for layer, a in answers.items()}

    def to(self, device: torch.device) -> None:
        """Move the network and its judge to this device."""
        self.network.to(device)
        if self.judge is not None:
            self.judge.to(device)
