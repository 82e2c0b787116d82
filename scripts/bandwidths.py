#!/usr/bin/env python
"""The bandwidths that three rules choose for the ten signals of experiment=auto, beside the shipped ones; nothing is fitted.

auto      what the program chooses: by the kernel's prediction of validation samples, of SIREN by short fits
spectrum  FreSh (Kania et al. 2024): the field as drawn whose output's spectrum is nearest to the training samples', by Wasserstein's distance
Nyquist   the highest frequency of the features is the highest one that the training samples could tell apart
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float
from omegaconf import OmegaConf
from torch import Tensor

import fieldlab
from fieldlab.config.open import find_open, put
from fieldlab.config.schema import AUTO
from fieldlab.field import build_field, draw
from fieldlab.signals.build import build_signal, build_split
from fieldlab.tasks.field_bandwidth import find_best
from fieldlab.tasks.field_budget import fill_sizes

DRAWS = 10  # of a field, whose spectra are averaged
BINS = 64  # of a picture's transform along each axis, about its middle, that are looked at; of sounds and volumes all are
KEYS = {"gaussian": "encoding.sigma", "positional": "encoding.num_octaves", "siren": "network.first_omega_0"}
SIGNALS = {
    **dict.fromkeys(("rocket", "retina", "motorcycle", "gravel", "brick", "moon", "phantom"), ("signal.size=256",)),
    **dict.fromkeys(("chirp", "chord"), ("signal.size=[8192]", "split=checkerboard")),
    "ripples": ("signal.size=[32,32,32]",),
}


def measure_spectrum(values: Float[Tensor, "*grid c"]) -> Float[Tensor, "k"]:
    """How much of the magnitude of a transform lies at each |k_1| + |k_2| + …, the mean left out; it sums to 1."""
    axes = tuple(range(values.dim() - 1))
    magnitude = torch.fft.fftn(values.double(), dim=axes).abs().sum(-1)
    lines = [torch.fft.fftfreq(size, 1 / size).abs().round().long() for size in magnitude.shape]
    places = torch.stack(torch.meshgrid(*lines, indexing="ij"))
    if len(axes) == 2:
        magnitude = magnitude * (places < BINS // 2).all(0)
    power = torch.bincount(places.sum(0).flatten(), weights=magnitude.flatten())
    power[0] = 0
    return power / power.sum()


def match_spectrum(
    field: dict[str, Any], key: str, tried: Sequence[float], target: Float[Tensor, "*grid c"], x: Float[Tensor, "n d"]
) -> float:
    """Of the values that are tried for a key the one with which fields, as drawn, have a spectrum like that of the target at the same points."""
    below = measure_spectrum(target).cumsum(0)

    def distance(value: float) -> float:
        drawn = torch.zeros_like(below)
        for seed in range(DRAWS):
            one = draw(lambda: build_field(put(field, {key: value}), dim=x.shape[1], channels=target.shape[-1]), seed)
            with torch.no_grad():
                drawn += measure_spectrum(one(x).view_as(target)) / DRAWS
        return (drawn.cumsum(0) - below).abs().sum().item()

    return min(tried, key=distance)


def follow_nyquist(name: str, samples: int, dim: int) -> float:
    """Nyquist's frequency is samples / 2 periods over the cube's side: three sigma, or the most that SIREN's first layer draws; octaves as SIREN's authors count them."""
    if name == "positional":
        return math.floor(math.log2(samples / 4))
    if name == "gaussian":
        return samples / 2 / 3
    return math.pi * samples / 2 * dim  # sin(omega_0 w x) on [-1, 1] with |w| < 1/dim


def choose() -> Iterator[dict[str, Any]]:
    for signal_name, settings in SIGNALS.items():
        for name, key in KEYS.items():
            config = OmegaConf.to_container(
                fieldlab.compose(f"field={name}", f"signal={signal_name}", *settings), resolve=True
            )
            field = fill_sizes(config["field"])
            signal = build_signal(config["signal"])
            lattice = build_split(config["split"], signal.grid).lattice
            assert lattice, f"{signal_name}: training samples on no lattice have no transform"
            inner = tuple(slice(None, None, stride) for stride in lattice)
            values = signal.values[inner]
            x = signal.coordinates().unflatten(0, signal.grid)[inner].flatten(0, -2)
            opened = put(field, {key: AUTO})
            yield {
                "field": name,
                "signal": signal_name,
                "shipped": OmegaConf.select(OmegaConf.create(field), key),
                "auto": find_best({"field": opened, "signal": config["signal"], "split": config["split"]}, key),
                "spectrum": match_spectrum(field, key, find_open(opened)[key].rungs(max(signal.grid)), values, x),
                "Nyquist": follow_nyquist(name, max(values.shape[:-1]), signal.dim),
            }


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(pd.DataFrame(choose()).to_string(index=False, float_format="{:g}".format))
