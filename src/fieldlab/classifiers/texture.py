"""The texture network: small, trained here in half a minute, to look into without a download.

It tells from which of some photographs a patch of 32 x 32 pixels is. It exercises the code, and is no substitute for a
network that was trained on many kinds of images.
"""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fieldlab.classifiers import training
from fieldlab.classifiers.model import Model
from fieldlab.config.files import File, digest_file
from fieldlab.field import draw
from fieldlab.signals.photos import draw_crops, expand_folders, read_photos

PATCH = 32
WIDTHS, STRIDES = (24, 48, 72, 96), (1, 2, 2, 2)
TRAINED, TESTED = (0.0, 0.68), (0.7, 1.0)  # shares of a photo's width: no pixel is in both
TEST_CROPS = 100


class TextureNet(nn.Module):
    """Four blocks of convolution, batch normalisation and rectifier (`layer1` … `layer4`), their mean over space, and a
    linear map to `logits`, one for each photograph. Images [n, 3, h, w] in [0, 1]; any size."""

    def __init__(self, photos: int) -> None:
        super().__init__()
        sizes = zip((3, *WIDTHS), WIDTHS, STRIDES, strict=False)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(nn.Conv2d(i, o, 3, stride=s, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU())
            for i, o, s in sizes
        )
        self.logits = nn.Linear(WIDTHS[-1], photos)

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n photos"]:
        answer = self.layer4(self.layer3(self.layer2(self.layer1((images - 0.5) / 0.25))))
        return self.logits(answer.mean((2, 3)))


def texture(*, photos: Mapping[str, File], crops: int, epochs: int, seed: int, judge: Model | None) -> Model:
    """The network trained on these photographs, name -> file, folder, `skimage:FILE` or `sklearn:FILE`; trained once, and
    then read from the cache.

    Of each photo `crops` patches from its left 68 % are seen in each of so many `epochs`, half of them grey and all in
    changed colours; patches of its right 30 % say how well that went.

    Raises:
        InputError: a photo that cannot be read.
        ValueError: fewer than two photos, crops or epochs below 1, or a photo too small for patches.
    """
    opened = expand_folders(photos, "photos")
    if len(opened) < 2 or min(crops, epochs) < 1:
        raise ValueError("a texture network needs two photos at least, and crops and epochs")
    settings = [{name: digest_file(path) for name, path in opened.items()}, crops, epochs, seed]
    blank = TextureNet(len(opened))
    network = training.train_once(
        f"texture-s{seed}", settings, __file__, blank, lambda: train(opened, crops, epochs, seed)
    )
    return Model("texture", network, 3, (PATCH, PATCH), (0, 0, 0), (1, 1, 1), labels=list(opened), judge=judge)


def train(photos: Mapping[str, str], crops: int, epochs: int, seed: int) -> tuple[TextureNet, float]:
    """The trained network, and the share of held-out patches whose photo it knows."""
    generator = torch.Generator().manual_seed(seed)
    pictures = read_photos(photos, "photos", channels=3, size=None)
    for name, picture in pictures.items():
        if picture.shape[1] < PATCH or picture.shape[2] * (TESTED[1] - TESTED[0]) < PATCH:
            raise ValueError(
                f"photos.{name}: {photos[name]} is too small for patches of {PATCH} x {PATCH} pixels: it needs"
                f" {PATCH} rows and {-(-PATCH * 10 // 3)} columns"
            )
    network = draw(lambda: TextureNet(len(photos)), seed)
    x, y = cut_patches(list(pictures.values()), TRAINED, crops, generator)
    training.learn(network, x, y, epochs=epochs, vary=vary_colours, generator=generator)
    return network, training.accuracy(
        network.eval(), *cut_patches(list(pictures.values()), TESTED, TEST_CROPS, generator)
    )


def cut_patches(
    pictures: Sequence[Float[Tensor, "3 _ _"]], share: tuple[float, float], count: int, generator: torch.Generator
) -> tuple[Float[Tensor, "n 3 p p"], Int[Tensor, "n"]]:
    """`count` patches of each picture, from that share of its width, and which picture they are of."""
    found = []
    for picture in pictures:
        first, last = (round(end * picture.shape[2]) for end in share)
        found.append(draw_crops(picture[:, :, first:last], (PATCH, PATCH), count, generator))
    return torch.cat(found), torch.arange(len(pictures)).repeat_interleave(count)


def vary_colours(x: Float[Tensor, "n 3 h w"], generator: torch.Generator) -> Float[Tensor, "n 3 h w"]:
    """The patches, half of them grey, each channel up to a fifth stronger or weaker, and all a tenth lighter or darker at most."""
    grey = torch.rand(len(x), 1, 1, 1, generator=generator) < 0.5
    gain = 0.8 + 0.4 * torch.rand(len(x), 3, 1, 1, generator=generator)
    shift = 0.2 * torch.rand(len(x), 1, 1, 1, generator=generator) - 0.1
    return (torch.where(grey, x.mean(1, keepdim=True), x) * gain + shift).clamp(0, 1)
