"""Looking into a network finds what its layers answer, and leaves the network as it was."""

import pytest
import torch
from torch import nn

from fieldlab.models.activations import Activations, layer_shapes


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(4 * 36, 5),
    )


def condition(model: nn.Module) -> list:
    return [
        (m.training, getattr(m, "inplace", None), len(m._forward_hooks), len(m._forward_pre_hooks))
        for m in model.modules()
    ] + [p.requires_grad for p in model.parameters()]


def test_layers_answer_as_they_do_alone():
    model, images = network().train(), torch.rand(2, 3, 8, 8)
    with Activations(model, ["0", "1", "2", "logits"]) as look:
        seen = look(images)
    model.eval()
    torch.testing.assert_close(seen["0"], model[0](images))
    torch.testing.assert_close(seen["1"], model[1](model[0](images)))  # not what the rectifier made of it in place
    assert (seen["1"] < 0).any()
    torch.testing.assert_close(seen["2"], model[:3](images))
    torch.testing.assert_close(seen["logits"], model(images))


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_behind(fails: bool):
    model = network().train()
    model[1].eval()
    model[0].weight.requires_grad_(False)
    before = condition(model)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    try:
        with Activations(model, ["0"]) as look, look.leaky():
            assert condition(model) != before
            look(torch.rand(2, 3, 8, 8))
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert condition(model) == before
    assert look.seen == {}
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_a_dead_rectifier_gets_a_slope():
    model = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(inplace=True))
    nn.init.constant_(model[0].bias, -100.0)
    images = torch.rand(2, 4, 1, 1, requires_grad=True)
    with Activations(model, ["1"]) as look:
        look(images)["1"].sum().backward()
        assert images.grad is not None
        assert not images.grad.any()
        with look.leaky():
            seen = look(images)["1"]
            assert not seen.any()
            seen.sum().backward()
        torch.testing.assert_close(images.grad, 0.1 * model[0].weight.sum(0).expand(2, -1, -1, -1))
        images.grad = None
        look(images)["1"].sum().backward()
        assert not images.grad.any()


def test_unknown_layers_get_close_matches():
    model = nn.ModuleDict({"layer1": nn.Identity(), "layer2": nn.Identity()})
    with pytest.raises(ValueError, match="ModuleDict has no layer layr1; did you mean layer1"):
        Activations(model, ["layr1"])


def test_layers_without_an_answer_are_named():
    class Strange(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.Identity(), nn.Identity()

        def forward(self, x):
            return self.used(x)

    with (
        Activations(Strange(), ["unused"]) as look,
        pytest.raises(ValueError, match="layer unused answers with nothing"),
    ):
        look(torch.rand(1, 1, 2, 2))
    assert layer_shapes(Strange(), (1, 2, 2)) == {"used": (1, 2, 2), "logits": (1, 2, 2)}


def test_layers_are_listed_with_their_shapes():
    expected = {
        "0": (4, 6, 6),
        "1": (4, 6, 6),
        "2": (4, 6, 6),
        "3": (4, 6, 6),
        "4": (144,),
        "5": (5,),
        "logits": (5,),
    }
    assert layer_shapes(network(), (3, 8, 8)) == expected
