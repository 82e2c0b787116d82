"""Looking into a network finds what its layers answer, and leaves the network as it was."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import make_dataclass

import pytest
import torch
from torch import nn

from fieldlab.classifiers.activations import Activations, layer_shapes
from fieldlab.classifiers.answers import LayerError
from fieldlab.notices import say_once


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
        (m.training, sorted(vars(m)), len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()
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
        pytest.raises(LayerError, match="layer unused is not called for these images"),
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


class Several(nn.Module):
    """Answers with a map for each of two heads, by name or in turn, or within a class of one's own."""

    def __init__(self, answer: Callable[[torch.Tensor, torch.Tensor], object]) -> None:
        super().__init__()
        self.body, self.out, self.aux = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 2, 1), nn.Conv2d(4, 3, 1)
        self.answer = answer

    def forward(self, x):
        body = self.body(x)
        return self.answer(self.out(body), self.aux(body))


ANSWERS = {
    "dict": lambda out, aux: {"out": out, "aux": aux},
    "named tuple": namedtuple("Heads", ["out", "aux"]),
    "data class": make_dataclass("Output", ["out", "aux"]),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_networks_that_answer_with_several_tensors(kind: str, caplog: pytest.LogCaptureFixture):
    say_once.cache_clear()
    model, x = Several(ANSWERS[kind]), torch.rand(2, 3, 4, 4)
    out, aux = model.out(model.body(x)), model.aux(model.body(x))
    with Activations(model, ["body", "logits.aux"]) as look:
        seen = look(x)
    assert seen.keys() == {"body", "logits.aux"}
    torch.testing.assert_close(seen["body"], model.body(x))
    torch.testing.assert_close(seen["logits.aux"], aux)
    assert not caplog.records
    with Activations(model, ["logits"]) as look:
        torch.testing.assert_close(look(x)["logits"], out)
        look(x[:1])
    [line] = caplog.messages
    assert line == "layer logits is taken for logits.out; there are logits.out [2, 4, 4], logits.aux [3, 4, 4]"
    assert list(layer_shapes(model, (3, 4, 4)).items())[-2:] == [("logits.out", (2, 4, 4)), ("logits.aux", (3, 4, 4))]


@pytest.mark.parametrize(
    ("answer", "layer", "message"),
    [
        (lambda out, aux: (out, [aux]), "logits", r"layer logits answers with several tensors; name one of logits\.0 \[2, 4, 4\], logits\.1\.0 \[3, 4, 4\]"),
        (lambda out, aux: (out, aux), "logits.2", "layer logits answers with no 2; there are: 0, 1"),
        (lambda out, aux: None, "logits", "layer logits answers with no tensor"),
        (lambda out, aux: out, "body.0", r"Several has no layer body\.0; did you mean body"),
        (lambda out, aux: out.argmax(1), "logits", r"layer logits answers with torch\.int64, and only real numbers have slopes"),
        (lambda out, aux: out.mean(), "logits", "layer logits answers with a single number for 2 image"),
        (lambda out, aux: out.movedim(1, 0).flatten(1)[None], "logits", "layer logits answers 1 times for 2 image"),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_seen_are_named(answer: Callable, layer: str, message: str):
    with Activations(Several(answer), [layer]) as look, pytest.raises(LayerError, match=message):
        look(torch.rand(2, 3, 4, 4))


def test_a_single_tensor_in_whatever_holds_it_is_the_answer():
    model, x = Several(lambda out, aux: [(None, {"only": aux})]), torch.rand(2, 3, 4, 4)
    with Activations(model, ["logits"]) as look:
        torch.testing.assert_close(look(x)["logits"], model.aux(model.body(x)))


@pytest.mark.parametrize("make", [torch.jit.script, lambda net: torch.jit.trace(net, torch.rand(1, 3, 8, 8))])
def test_of_torchscript_the_answer_alone_can_be_seen(make: Callable):
    plain = network().eval()
    model, x = make(plain), torch.rand(2, 3, 8, 8, requires_grad=True)
    along = torch.randn(2, 5)
    with Activations(model, ["logits"]) as look, look.leaky():
        seen = look(x)["logits"]
    torch.testing.assert_close(seen, plain(x))
    found, right = (torch.autograd.grad((answer * along).sum(), x)[0] for answer in (seen, plain(x)))
    torch.testing.assert_close(found, right)
    with pytest.raises(LayerError, match=r"no layer 0 \(those of TorchScript cannot be seen, only what it answers\)"):
        Activations(model, ["0"])
    assert layer_shapes(model, (3, 8, 8)) == {"logits": (5,)}
    mixed = nn.Sequential(model, nn.Linear(5, 2))
    with Activations(mixed, ["1"]) as look:
        torch.testing.assert_close(look(x)["1"], mixed[1](plain(x)))
