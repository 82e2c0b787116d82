"""Networks of torchvision and timm: shown as their own configuration says, and what is wrong is told."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from fieldlab.classifiers import pretrained
from fieldlab.errors import InputError
from fieldlab.field import draw


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

    maps = SimpleNamespace(transforms=lambda: SimpleNamespace(resize_size=[24], mean=[0] * 3, std=[1] * 3), meta={})
    boxes = SimpleNamespace(transforms=SimpleNamespace, meta={})
    kinds = {"resnet18": weights, "resnet50": weights, "deeplab": maps, "boxes": boxes}

    def classifier(*, weights: object = None) -> nn.Module:
        return nn.Conv2d(3, 2, 3)

    def segmenter(*, weights: object = None, weights_backbone: object = "fetched") -> nn.Module:
        return nn.Conv2d(3, 2, 3) if weights_backbone is None else nn.Conv2d(3, 4, 3)

    def get_model(name: str, **settings: object) -> nn.Module:
        if settings["weights"] is not None and name == "resnet50":
            raise OSError("no network")
        return models.get_model_builder(name)(**settings)

    models = SimpleNamespace(
        list_models=lambda: [*kinds],
        get_model_weights=lambda name: Weights(DEFAULT=kinds[name], V1=kinds[name]),
        get_model_builder=lambda name: segmenter if name == "deeplab" else classifier,
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
    seen = model.normalize(torch.full((1, 3, 40, 30), 0.5))
    torch.testing.assert_close(seen, torch.tensor([0.5, 0, -1 / 3])[None, :, None, None].expand(1, 3, 20, 20))
    assert torchvision(resize=False).normalize(torch.rand(1, 3, 40, 30)).shape == (1, 3, 40, 30)
    assert torchvision(weights=None).labels == ()


@pytest.mark.usefixtures("packages")
def test_torchvision_fetches_no_part_of_what_is_random():
    model = torchvision(name="deeplab", weights=None)
    assert model.size == (24, 24)
    assert model.network.out_channels == 2
    with pytest.raises(InputError, match=r"model\.name: boxes does not see single pictures as they are"):
        torchvision(name="boxes")


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


def checkpoint(**changed: object):
    settings = {
        "name": None, "network": None, "path": None, "channels": 3, "size": [8, 8], "mean": None, "std": None,
        "resize": False, "channels_last": False, "labels": [], "judge": None,
    }  # fmt: skip
    return pretrained.checkpoint(**{**settings, **changed})  # type: ignore[arg-type]


def test_a_file_of_torchscript_is_a_network_by_itself(clean_folder: Path):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval()
    torch.jit.save(torch.jit.script(network), "net.pt")
    torch.save(network.state_dict(), "parameters.pt")
    model, x = checkpoint(path="net.pt"), torch.rand(2, 3, 8, 8)
    assert model.name == "net"
    torch.testing.assert_close(model.network(x), network(x))
    for path in ("parameters.pt", "none.pt", None):
        with pytest.raises(InputError, match=r"model\.network: needs a value, for example"):
            checkpoint(path=path)
    with pytest.raises(InputError, match=r"model\.network: should be a torch\.nn\.Module, not a dict"):
        checkpoint(network={})


def test_lazy_modules_get_their_shapes_and_the_same_parameters_every_time(clean_folder: Path):
    def lazy() -> nn.Module:
        return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5))

    models = [draw(lambda: checkpoint(network=lazy()), 0).network for _ in range(2)]
    assert [list(p.shape) for p in models[0].parameters()] == [[4, 3, 3, 3], [4], [4], [4], [5, 144], [5]]
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(one, other)
    assert models[0][1].num_batches_tracked == 0
    torch.save({f"module.{k}": v for k, v in checkpoint(network=lazy()).network.state_dict().items()}, "net.pt")
    loaded = checkpoint(network=lazy(), path="net.pt").network
    assert torch.equal(loaded[3].weight, torch.load("net.pt")["module.3.weight"])
