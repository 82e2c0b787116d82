"""Parameters find their places by name, with or without what stands before all names."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from fieldlab.classifiers.parameters import load_parameters
from fieldlab.errors import InputError


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.bn(self.conv(x)).mean((2, 3)))


def below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in state.items()}


def assert_same(network: nn.Module, other: nn.Module) -> None:
    for one, two in zip(network.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "model.net.", "module._orig_mod."])
@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_what_stands_before_all_names_is_left_out(
    clean_folder: Path, caplog: pytest.LogCaptureFixture, prefix: str, suffix: str
):
    given, network = Net(), Net()
    file = Path(f"net.{suffix}")
    save = torch.save if suffix == "pt" else save_file
    save(below(prefix, given.state_dict()), file)
    load_parameters(network, file)
    assert_same(network, given)
    line = f"model.path: {file}: {prefix}bn.bias is taken for bn.bias, and all others likewise"
    assert caplog.messages == ([line] if prefix else [])


def test_what_stands_before_all_names_of_the_network_is_left_out(clean_folder: Path):
    given, network = Net(), nn.DataParallel(Net())
    torch.save(given.state_dict(), "plain.pt")
    load_parameters(network, Path("plain.pt"))
    assert_same(network, given)
    torch.save(below("model.", given.state_dict()), "other.pt")
    network = nn.DataParallel(Net())
    load_parameters(network, Path("other.pt"))
    assert_same(network, given)


def test_what_lies_beside_a_lightning_modules_network_is_passed_over(
    clean_folder: Path, caplog: pytest.LogCaptureFixture
):
    given, network = Net(), Net()
    beside = {"loss.weight": torch.ones(2), "metric.fc.weight": torch.ones(3)}
    torch.save({"state_dict": {**below("model.", given.state_dict()), **beside}, "epoch": 3}, "last.ckpt")
    load_parameters(network, Path("last.ckpt"))
    assert_same(network, given)
    [line] = caplog.messages
    assert line.endswith(
        "model.bn.bias is taken for bn.bias, and all others likewise; passed over: loss.weight, metric.fc.weight"
    )


def test_a_file_of_torchscript_gives_its_parameters(clean_folder: Path):
    given = Net().eval()
    for name, made in (
        ("script", torch.jit.script(given)),
        ("trace", torch.jit.trace(given, torch.rand(1, 3, 8, 8))),
    ):
        torch.jit.save(made, f"{name}.pt")
        network = Net()
        load_parameters(network, Path(f"{name}.pt"))
        assert_same(network, given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: {"a.weight": s["fc.weight"], "b.weight": s["fc.bias"]}, r"it lacks bn\.bias, bn\.num_batches_tracked, bn\.running_mean … and has a\.weight, b\.weight"),
        (lambda s: {k: v for k, v in below("module.", s).items() if "fc" not in k}, r"it lacks fc\.bias, fc\.weight$"),
        (lambda s: {**s, "head.bias": s["fc.bias"]}, r"it has head\.bias$"),
        (lambda s: {**below("module.", s), "module.fc.weight": torch.ones(2, 5)}, r"module\.fc\.weight is \[2, 5\], and not \[2, 4\]"),
        (lambda s: {**below("model.", s), **below("ema.", s)}, r"it has such names several times, below ema\. and model\.; save one network alone"),
        (lambda s: {}, r"it lacks bn\.bias"),
    ],
)  # fmt: skip
def test_another_network_is_told_with_both_sides_names(clean_folder: Path, change, message: str):
    torch.save(change(Net().state_dict()), "other.pt")
    with pytest.raises(InputError, match=rf"model\.path: other\.pt is of another network than Net: {message}"):
        load_parameters(Net(), Path("other.pt"))


def test_whole_modules_are_not_unpickled(clean_folder: Path):
    torch.save(Net(), "whole.pt")
    message = (
        r"model\.path: whole\.pt is no checkpoint of parameters \(it holds test_parameters\.Net\); save one with"
    )
    with pytest.raises(InputError, match=message):
        load_parameters(Net(), Path("whole.pt"))
