"""What a layer is said to answer is its own answer, whatever is written into it later, and so are the slopes."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from fieldlab.classifiers.activations import LEAK, Activations
from fieldlab.classifiers.model import Model


def add(out: Tensor, x: Tensor) -> Tensor:
    out += x
    return out


def clear_a_channel(out: Tensor, x: Tensor) -> Tensor:
    out[:, 0] = 0
    return out


def write_into_a_view(out: Tensor, x: Tensor) -> Tensor:
    out.flatten(2).mul_(3)
    return out


def write_twice(out: Tensor, x: Tensor) -> Tensor:
    return functional.relu(out.sub_(0.5), inplace=True)


WRITERS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "+=": add,
    "mul_": lambda out, x: out.mul_(2),
    "relu": lambda out, x: functional.relu(out, inplace=True),
    "module": lambda out, x: nn.Hardtanh(-0.1, 0.1, inplace=True)(out),
    "dropout": lambda out, x: functional.dropout(out, 0.5, training=True, inplace=True),
    "slice": clear_a_channel,
    "view": write_into_a_view,
    "copy_": lambda out, x: out.copy_(x),
    "twice": write_twice,
    "transpose_": lambda out, x: out.transpose_(2, 3),
}


class Block(nn.Module):
    """A convolution and a normalisation, and what is then done to their answer."""

    def __init__(self, write: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.bn, self.write = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), write
        nn.init.uniform_(self.bn.running_mean)
        nn.init.uniform_(self.bn.running_var, 0.5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(self.bn(self.conv(x)), x).mean((2, 3))

    def by_hand(self, x: Tensor) -> Tensor:
        """The answer of `bn`, without it."""
        patches = functional.unfold(x, 3, padding=1)
        conv = (self.conv.weight.flatten(1) @ patches).unflatten(2, x.shape[2:]) + self.conv.bias[:, None, None]
        mean, var = self.bn.running_mean[:, None, None], self.bn.running_var[:, None, None]
        return (conv - mean) / (var + self.bn.eps).sqrt()


def slopes(answer: Tensor, x: Tensor, along: Tensor) -> Tensor:
    return torch.autograd.grad((answer * along).sum(), x, retain_graph=True)[0]


@pytest.mark.parametrize("leaky", [False, True])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_layer_answers_what_it_did_before_anything_was_written_into_it(writer: str, leaky: bool):
    model, along = Block(WRITERS[writer]).eval(), torch.randn(2, 4, 5, 5)
    x = torch.rand(2, 4, 5, 5, requires_grad=True)
    torch.manual_seed(1)
    alone = model(x)
    torch.manual_seed(1)
    with Activations(model, ["bn", "logits"]) as look:
        if leaky:
            with look.leaky():
                seen = look(x)
        else:
            seen = look(x)
    right = model.by_hand(x)
    torch.testing.assert_close(seen["bn"], right)
    torch.testing.assert_close(slopes(seen["bn"], x, along), slopes(right, x, along))
    assert torch.equal(seen["logits"], alone)
    assert torch.equal(slopes(seen["logits"], x, along[..., 0, 0]), slopes(alone, x, along[..., 0, 0]))


@torch.no_grad()
def test_results_that_are_written_elsewhere_are_not_seen():
    def write(out: Tensor, x: Tensor) -> Tensor:
        return torch.add(out, x, out=out)

    model, x = Block(write).eval(), torch.rand(2, 4, 5, 5)
    with Activations(model, ["bn"]) as look:
        torch.testing.assert_close(look(x)["bn"], model.by_hand(x))


def test_the_order_of_memory_is_kept():
    model = Block(add).eval().to(memory_format=torch.channels_last)
    x = torch.rand(2, 4, 5, 5).to(memory_format=torch.channels_last)
    with Activations(model, ["bn"]) as look:
        seen = look(x)["bn"]
    assert seen.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(seen, model.by_hand(x))


def test_parts_of_tuples_are_those_before_too():
    class Halves(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            return x + 1, {"twice": 2 * x}

    class Writes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.halves = Halves()

        def forward(self, x: Tensor) -> Tensor:
            one, rest = self.halves(x)
            rest["twice"] -= one
            return one.zero_()

    x = torch.rand(2, 3, 4, 4)
    with Activations(Writes(), ["halves.0", "halves.1.twice"]) as look:
        seen = look(x)
    assert torch.equal(seen["halves.0"], x + 1)
    assert torch.equal(seen["halves.1.twice"], 2 * x)


class Shared(nn.Module):
    """An in-place rectifier of which the input, read again, is the rectified one; and an answer that is also the input."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu, self.same = nn.Conv2d(3, 3, 1), nn.ReLU(inplace=True), nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        before = self.conv(x)
        after = self.relu(before)
        same = self.same(after)
        after += 1
        return before + same


@pytest.mark.parametrize("leaky", [False, True])
def test_the_network_itself_computes_what_it_always_does(leaky: bool):
    model, x = Shared().eval(), torch.randn(2, 3, 4, 4)
    right = model.conv(x).relu()
    with Activations(model, ["conv", "relu", "same", "logits"]) as look:
        if leaky:
            with look.leaky():
                seen = look(x)
        else:
            seen = look(x)
    torch.testing.assert_close(seen["conv"], model.conv(x))
    torch.testing.assert_close(seen["relu"], right)
    torch.testing.assert_close(seen["same"], right)
    torch.testing.assert_close(seen["logits"], 2 * (right + 1))


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("view", [False, True])
def test_leaky_slopes_lead_through_what_is_written_later(inplace: bool, view: bool):
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.relu = nn.Conv2d(3, 3, 1), nn.ReLU(inplace)

        def forward(self, x: Tensor) -> Tensor:
            out = self.conv(x)
            out = self.relu(out.flatten(2) if view else out)
            out *= 3
            return out

    model, x = Net().eval(), torch.randn(2, 3, 4, 4, requires_grad=True)
    along = torch.randn(2, 3, 16)
    by_hand = functional.leaky_relu(functional.conv2d(x, model.conv.weight, model.conv.bias), LEAK).flatten(2)
    with Activations(model, ["relu", "logits"]) as look, look.leaky():
        seen = look(x)
    torch.testing.assert_close(seen["relu"].flatten(2), model.conv(x).relu().flatten(2))
    torch.testing.assert_close(slopes(seen["relu"].flatten(2), x, along), slopes(by_hand, x, along))
    torch.testing.assert_close(slopes(seen["logits"].flatten(2), x, along), 3 * slopes(by_hand, x, along))


def test_a_layer_that_is_called_several_times_shows_its_last_answer():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)

        def forward(self, x: Tensor) -> Tensor:
            out = self.conv(x)
            out = self.conv(out.neg_())
            return out.zero_()

    model, x = Twice(), torch.rand(2, 3, 4, 4)
    with Activations(model, ["conv"]) as look:
        torch.testing.assert_close(look(x)["conv"], model.conv(-model.conv(x)))


@pytest.mark.parametrize("resize", [False, True])
def test_a_network_that_writes_into_its_input_leaves_the_images_alone(resize: bool):
    class Centres(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            x -= 0.5
            return x.mul_(2).mean((2, 3))

    network = Centres()
    model = Model("centres", network, 3, (6, 6), [0] * 3, [1] * 3, resize=resize)
    images = torch.rand(2, 3, 6, 6, requires_grad=True)
    before = images.detach().clone()
    with Activations(network, ["logits"]) as look:
        seen = model.observe(look, images)["logits"]
    assert torch.equal(images, before)
    torch.testing.assert_close(seen, 2 * (before.mean((2, 3)) - 0.5))
    torch.testing.assert_close(slopes(seen, images, torch.ones(2, 3)), torch.full((2, 3, 6, 6), 2 / 36))
