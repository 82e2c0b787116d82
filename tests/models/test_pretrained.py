"""Networks of torchvision and timm: shown as their own configuration says, and what is wrong is told."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from fieldlab.errors import InputError
from fieldlab.models import pretrained


class Weights(dict):
    """As torchvision's enumerations of weights: by name, with `__members__`."""

    @property
    def __members__(self) -> list[str]:
        return list(self)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fieldlab asks of torchvision and timm, which tests do not install: they bring a torch of their own."""
    seen = SimpleNamespace(crop_size=[20], mean=[0.4, 0.5, 0.6], std=[0.2, 0.2, 0.3])
    weights = SimpleNamespace(transforms=lambda: seen, meta={"categories": ["cat", "dog"]})

    def get_model(name: str, weights: object) -> nn.Module:
        if weights is not None and name == "resnet50":
            raise OSError("no network")
        return nn.Conv2d(3, 2, 3)

    models = SimpleNamespace(
        list_models=lambda: ["resnet18", "resnet50"],
        get_model_weights=lambda name: Weights(DEFAULT=weights, V1=weights),
        get_model=get_model,
    )
    torchvision = ModuleType("torchvision")
    torchvision.models = models  # type: ignore[attr-defined]
    timm = ModuleType("timm")
    timm.is_model = lambda name: name == "vit"  # type: ignore[attr-defined]
    timm.list_models = lambda: ["vit"]  # type: ignore[attr-defined]
    network = nn.Conv2d(1, 2, 3)
    network.pretrained_cfg = {"input_size": (1, 24, 28), "mean": (0.5,), "std": (0.25,)}  # type: ignore[assignment]
    timm.create_model = lambda name, pretrained: network  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)
    monkeypatch.setitem(sys.modules, "timm", timm)


def torchvision(**changed: object):
    settings = {"name": "resnet18", "weights": "DEFAULT", "resize": True, "channels_last": False, "judge": None}
    return pretrained.torchvision(**{**settings, **changed})  # type: ignore[arg-type]


@pytest.mark.usefixtures("packages")
def test_torchvision_says_how_its_networks_see():
    model = torchvision()
    assert (model.name, model.size, list(model.labels)) == ("resnet18", (20, 20), ["cat", "dog"])
    seen = model.normalized(torch.full((1, 3, 40, 30), 0.5))
    torch.testing.assert_close(seen, torch.tensor([0.5, 0, -1 / 3])[None, :, None, None].expand(1, 3, 20, 20))
    assert torchvision(resize=False).normalized(torch.rand(1, 3, 40, 30)).shape == (1, 3, 40, 30)
    assert torchvision(weights=None).labels == ()


@pytest.mark.usefixtures("packages")
def test_timm_says_how_its_networks_see():
    model = pretrained.timm(name="vit", pretrained=True, resize=True, channels_last=False, judge=None)
    assert (model.channels, model.size, model.mean, model.std) == (1, (24, 28), (0.5,), (0.25,))


@pytest.mark.usefixtures("packages")
def test_unknown_names_and_missing_parameters_are_told():
    with pytest.raises(InputError, match=r"model\.name: torchvision has no network resnet51; did you mean resnet50"):
        torchvision(name="resnet51")
    with pytest.raises(InputError, match=r"model\.weights: resnet18 has no weights V2; there are: DEFAULT, V1"):
        torchvision(weights="V2")
    with pytest.raises(InputError, match=r"model: its parameters cannot be fetched \(no network\)"):
        torchvision(name="resnet50")
    with pytest.raises(InputError, match=r"model\.name: timm has no network vti; did you mean vit"):
        pretrained.timm(name="vti", pretrained=True, resize=True, channels_last=False, judge=None)


@pytest.mark.parametrize("package", ["torchvision", "timm"])
def test_without_them_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, package: str):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"model: {package} cannot be used .*pip install 'fieldlab\[vision\]'"):
        torchvision() if package == "torchvision" else pretrained.timm(
            name="a", pretrained=True, resize=True, channels_last=False, judge=None
        )
