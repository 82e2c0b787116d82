"""A texture network: small, trained here in about a minute, so that there is something to look into without a download.

It tells from which of some photographs a patch of 32 x 32 pixels is. It is there to exercise the code, and is no
substitute for a network that has seen the world.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float, Int
from platformdirs import user_cache_dir
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fieldlab.atomic import replace_atomically
from fieldlab.signals.images import load

PATCH = 32
WIDTHS, STRIDES = (24, 48, 72, 96), (1, 2, 2, 2)
TRAINED, TESTED = (0.0, 0.68), (0.7, 1.0)  # shares of a photo's width: no pixel is in both
TEST_CROPS = 100
BATCH = 128
RATE, DECAY = 3e-3, 0.01


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


def texture_network(*, photos: Mapping[str, str], crops: int, epochs: int, seed: int) -> TextureNet:
    """The network trained on these photographs, name -> file or `skimage:FILE`; trained once, then read from the cache.

    The cache is `$FIELDLAB_CACHE`, or the user's own. Of each photo `crops` patches from its left 68 % are seen in each of
    so many `epochs`, half of them grey and all in changed colours; patches of its right 30 % say how well that went.

    Raises:
        InputError: a photo that cannot be read.
        ValueError: fewer than two photos, crops or epochs, or a photo too small for patches.
    """
    if len(photos) < 2 or min(crops, epochs) < 1:
        raise ValueError("a texture network needs two photos at least, and crops and epochs")
    file = cached(photos, crops, epochs, seed)
    network = TextureNet(len(photos))
    if not file.exists():
        say("training a texture network on %d photos, once; it takes about a minute", len(photos))
        start = time.perf_counter()
        network, accuracy = train(photos, crops, epochs, seed)
        seconds = time.perf_counter() - start
        say(
            "it knows %.0f %% of held-out patches by their photo (chance %.0f %%); %.0f s",
            100 * accuracy,
            100 / len(photos),
            seconds,
        )
        keep(network, file)
    network.load_state_dict(load_file(file))
    return network.eval()


def train(photos: Mapping[str, str], crops: int, epochs: int, seed: int) -> tuple[TextureNet, float]:
    """A network, and the share of held-out patches whose photo it knows."""
    generator = torch.Generator().manual_seed(seed)
    pictures = [pixels(name, path) for name, path in photos.items()]
    x, y = patches(pictures, TRAINED, crops, generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = TextureNet(len(photos)).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = epochs * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(epochs):
        for chosen in torch.randperm(len(x), generator=generator).split(BATCH):
            optimizer.zero_grad()
            cross_entropy(network(recoloured(x[chosen], generator)), y[chosen]).backward()
            optimizer.step()
            schedule.step()
    return network, accuracy(network.eval(), *patches(pictures, TESTED, TEST_CROPS, generator))


@torch.no_grad()
def accuracy(network: TextureNet, x: Float[Tensor, "n 3 h w"], y: Int[Tensor, "n"]) -> float:
    known = torch.cat([network(part).argmax(1) for part in x.split(BATCH)])
    return (known == y).float().mean().item()


def pixels(name: str, path: str) -> Float[Tensor, "3 h w"]:
    picture = torch.from_numpy(load(path, f"model.photos.{name}", channels="rgb", size=None, background="white"))
    if picture.shape[0] < PATCH or picture.shape[1] * (TESTED[1] - TESTED[0]) < PATCH:
        raise ValueError(f"photos.{name}: {path} is too small for patches of {PATCH} x {PATCH} pixels")
    return picture.movedim(-1, 0)


def patches(
    pictures: list[Float[Tensor, "3 _ _"]], share: tuple[float, float], count: int, generator: torch.Generator
) -> tuple[Float[Tensor, "n 3 p p"], Int[Tensor, "n"]]:
    """`count` patches of each picture, from that share of its width, and which picture they are of."""
    found = []
    for picture in pictures:
        height, width = picture.shape[1:]
        first, last = round(share[0] * width), round(share[1] * width) - PATCH
        rows = torch.randint(height - PATCH + 1, (count,), generator=generator)
        columns = torch.randint(first, last + 1, (count,), generator=generator)
        found += [
            picture[:, i : i + PATCH, j : j + PATCH] for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        ]
    return torch.stack(found), torch.arange(len(pictures)).repeat_interleave(count)


def recoloured(x: Float[Tensor, "n 3 h w"], generator: torch.Generator) -> Float[Tensor, "n 3 h w"]:
    """Half of the patches grey; all with each channel up to a fifth stronger or weaker, and a tenth lighter or darker."""
    grey = torch.rand(len(x), 1, 1, 1, generator=generator) < 0.5
    gain = 0.8 + 0.4 * torch.rand(len(x), 3, 1, 1, generator=generator)
    shift = 0.2 * torch.rand(len(x), 1, 1, 1, generator=generator) - 0.1
    return (torch.where(grey, x.mean(1, keepdim=True), x) * gain + shift).clamp(0, 1)


def cached(photos: Mapping[str, str], crops: int, epochs: int, seed: int) -> Path:
    """Where such a network is kept: by its settings, and by this file's text."""
    settings = json.dumps([dict(photos), crops, epochs, seed, Path(__file__).read_text()], sort_keys=True)
    digest = hashlib.sha256(settings.encode()).hexdigest()[:12]
    folder = Path(os.environ.get("FIELDLAB_CACHE") or user_cache_dir("fieldlab"))
    return folder / f"texture-s{seed}-{digest}.safetensors"


def keep(network: TextureNet, file: Path) -> None:
    """Write into the cache; of several processes any may be the last."""
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_atomically(file, partial(save_file, network.state_dict()))


def say(text: str, *arguments: object) -> None:
    logging.getLogger("fieldlab").warning(text, *arguments)
