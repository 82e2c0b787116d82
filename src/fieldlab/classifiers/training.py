"""Training of the small networks that come with fieldlab, on first use, and the cache that keeps them."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from platformdirs import user_cache_dir
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fieldlab.atomic import replace_atomically
from fieldlab.notices import say

BATCH = 128
RATE, DECAY = 3e-3, 0.01

Images = Float[Tensor, "n c h w"]
Classes = Int[Tensor, "n"]
Vary = Callable[[Images, torch.Generator], Images]
Network = TypeVar("Network", bound=nn.Module)


def train_once(
    name: str, settings: object, source: str, network: Network, train: Callable[[], tuple[Network, float]]
) -> Network:
    """`network` with the parameters that `train` finds, or has found before with the same settings and the same text of
    `source`, the file that defines it, and of this one.

    Parameters are kept in `$FIELDLAB_CACHE`, or in the user's own cache. `train` tells the share of held-out images that
    its network knows.
    """
    texts = [Path(file).read_text() for file in (source, __file__)]
    digest = hashlib.sha256(json.dumps([settings, texts], sort_keys=True).encode()).hexdigest()[:12]
    folder = Path(os.environ.get("FIELDLAB_CACHE") or user_cache_dir("fieldlab"))
    file = folder / f"{name}-{digest}.safetensors"
    if not file.exists():
        say("training the network %s, once; it takes about half a minute", name)
        start = time.perf_counter()
        made, known = train()
        say("it knows %.0f %% of held-out images; %.0f s", 100 * known, time.perf_counter() - start)
        folder.mkdir(parents=True, exist_ok=True)
        replace_atomically(file, partial(save_file, made.state_dict()))  # of several processes any may be the last
    network.load_state_dict(load_file(file))
    return network.eval()


def learn(network: nn.Module, x: Images, y: Classes, *, epochs: int, vary: Vary, generator: torch.Generator) -> None:
    """Minimise the cross entropy of varied images by AdamW with one cycle of the learning rate."""
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * -(-len(x) // BATCH))
    for _ in range(epochs):
        for chosen in torch.randperm(len(x), generator=generator).split(BATCH):
            optimizer.zero_grad()
            cross_entropy(network(vary(x[chosen], generator)), y[chosen]).backward()
            optimizer.step()
            schedule.step()


@torch.no_grad()
def accuracy(network: nn.Module, x: Images, y: Classes) -> float:
    """The share of images whose class the network knows."""
    known = torch.cat([network(part).argmax(1) for part in x.split(BATCH)])
    return (known == y).float().mean().item()
