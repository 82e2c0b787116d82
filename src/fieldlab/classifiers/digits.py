"""The digit network: grey, for scikit-learn's digits; trained here in seconds."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fieldlab.classifiers import training
from fieldlab.classifiers.model import Model
from fieldlab.errors import InputError
from fieldlab.field import draw

SIZE = 28
HELD_OUT = 0.2
WIDTHS = (16, 32, 64)


class DigitNet(nn.Module):
    """Three blocks of convolution, batch normalisation and rectifier (`layer1` … `layer3`), their mean over space, and a
    linear map to ten `logits`. Images [n, 1, h, w] in [0, 1], white on black."""

    def __init__(self) -> None:
        super().__init__()
        sizes = zip((1, *WIDTHS), WIDTHS, strict=False)
        self.layer1, self.layer2, self.layer3 = (
            nn.Sequential(nn.Conv2d(i, o, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU())
            for i, o in sizes
        )
        self.logits = nn.Linear(WIDTHS[-1], 10)

    def forward(self, images: Float[Tensor, "n 1 h w"]) -> Float[Tensor, "n 10"]:
        return self.logits(self.layer3(self.layer2(self.layer1(images))).mean((2, 3)))


def digits(*, epochs: int, seed: int, judge: Model | None) -> Model:
    """The network trained on scikit-learn's 1,797 digits, enlarged from 8 to 28 pixels; a fifth is held out.

    Raises:
        InputError: scikit-learn is not installed.
        ValueError: epochs below 1.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, not {epochs}")
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise InputError("model: the digits come with scikit-learn; pip install 'fieldlab[vision]'") from error
    found: Any = load_digits()
    pixels = torch.from_numpy(np.asarray(found.images, dtype=np.float32))[:, None] / 16
    x = interpolate(pixels, (SIZE, SIZE), mode="bilinear", align_corners=False)
    y = torch.from_numpy(np.asarray(found.target))
    network = training.train_once(
        f"digits-s{seed}", [epochs, seed], __file__, DigitNet(), lambda: train(x, y, epochs, seed)
    )
    return Model("digits", network, 1, (SIZE, SIZE), (0,), (1,), labels=[str(i) for i in range(10)], judge=judge)


def train(x: Float[Tensor, "n 1 h w"], y: Tensor, epochs: int, seed: int) -> tuple[DigitNet, float]:
    """The trained network, and the share of held-out digits that it knows."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))  # every seed holds out the same digits
    tested, trained = order.tensor_split([round(HELD_OUT * len(x))])
    network = draw(DigitNet, seed)
    training.learn(network, x[trained], y[trained], epochs=epochs, vary=lambda images, _: images, generator=generator)
    return network, training.accuracy(network.eval(), x[tested], y[tested])
