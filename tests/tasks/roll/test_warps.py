"""Warps: what each does to pixels whose places are known, on pictures of any aspect, image by image."""

from collections.abc import Callable

import pytest
import torch

from fieldlab.tasks.roll.warps.floor import Floor
from fieldlab.tasks.roll.warps.flow import Flow
from fieldlab.tasks.roll.warps.linear import Affine, Rotation, Scale
from fieldlab.tasks.roll.warps.shift import Shift
from fieldlab.tasks.roll.warps.warp import Warp, WarpSequence

SIZE = (6, 10)
WARPS: list[Callable[[int, tuple[int, int]], Warp]] = [
    Shift, Rotation, Scale, Affine, lambda images, size: Flow(images, size, highest=2, gain=1.0),
]  # fmt: skip


def centres(size: tuple[int, int] = SIZE) -> torch.Tensor:
    rows, columns = ((torch.arange(side) + 0.5) / side for side in size)
    return torch.cartesian_prod(rows, columns)


def read(picture: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The pixels at these places, which must be centres."""
    places = x * torch.tensor(picture.shape) - 0.5
    torch.testing.assert_close(places, places.round(), atol=1e-4, rtol=0)
    rows, columns = places.round().long().unbind(-1)
    return picture[rows, columns].view(picture.shape)


@pytest.mark.parametrize("make", WARPS)
def test_a_new_warp_moves_nothing(make: Callable[..., Warp]):
    x = torch.rand(3, 20, 2)
    torch.testing.assert_close(make(3, SIZE)(x), x)


@pytest.mark.parametrize("make", WARPS)
def test_images_move_by_themselves_and_learn(make: Callable[..., Warp]):
    warp = make(2, SIZE)
    x = torch.rand(1, 20, 2).expand(2, -1, -1)
    warp(x)[1].square().sum().backward()
    for parameter in warp.parameters():
        assert parameter.grad is not None
        assert parameter.grad[1].any()
        assert not parameter.grad[0].any()
        with torch.no_grad():
            parameter[1] += 0.1
    assert torch.equal(warp(x)[0], make(2, SIZE)(x)[0])
    assert (warp(x)[1] - x[1]).abs().max() > 0.01
    assert all(len(value) == 2 for value in warp.describe().values())


@pytest.mark.parametrize("pixels", [(1, 0), (0, 3), (-2, 7), (13, -24)])
def test_a_shift_rolls_as_numpy_does(pixels: tuple[int, int]):
    picture = torch.rand(SIZE)
    shift = Shift(1, SIZE)
    shift.shift.data = torch.tensor([pixels]) / torch.tensor(SIZE)
    seen = read(picture, WarpSequence([shift], Floor())(centres()[None])[0])
    assert torch.equal(seen, picture.roll(pixels, (0, 1)))


@pytest.mark.parametrize("make", [Shift, Affine])
def test_shifts_begin_where_they_are_told_to_and_are_told_in_pixels(make: Callable[..., Warp]):
    warp = make(2, SIZE)
    assert WarpSequence([Scale(2, SIZE), warp], Floor()).set_shift(torch.tensor([[0.25, 0.1], [-0.5, -0.4]])) is None
    told = warp.describe()
    torch.testing.assert_close(told["shift_rows"], torch.tensor([1.5, -3.0]))
    torch.testing.assert_close(told["shift_columns"], torch.tensor([1.0, -4.0]))


def test_moves_that_cannot_be_told_apart_or_do_not_shift_are_refused():
    with pytest.raises(ValueError, match="two moves would both learn shift columns, shift rows"):
        WarpSequence([Affine(1, SIZE), Shift(1, SIZE)], Floor())
    with pytest.raises(ValueError, match="none of the moves is a shift"):
        WarpSequence([Rotation(1, SIZE)], Floor()).set_shift(torch.zeros(1, 2))


def test_a_quarter_turn_is_counter_clockwise():
    picture = torch.rand(8, 8)
    turn = Rotation(1, (8, 8))
    turn.angle.data.fill_(torch.pi / 2)
    assert torch.equal(read(picture, turn(centres((8, 8))[None])[0]), picture.rot90())


def test_rotations_keep_lengths_on_pictures_of_any_aspect():
    turn = Rotation(1, SIZE)
    turn.angle.data.fill_(0.7)
    sides = torch.tensor(SIZE)
    x = torch.rand(1, 50, 2)
    before, after = ((p - 0.5) * sides for p in (x, turn(x)))
    torch.testing.assert_close(before.norm(dim=-1), after.norm(dim=-1))
    torch.testing.assert_close(turn.describe()["degrees"], torch.tensor([40.107]), atol=1e-3, rtol=0)


def test_what_is_scaled_is_larger():
    scale = Scale(1, SIZE)
    scale.logarithm.data.fill_(torch.tensor(2.0).log())
    corner = torch.tensor([[[0.0, 1.0]]])
    torch.testing.assert_close(scale(corner), torch.tensor([[[0.25, 0.75]]]))
    torch.testing.assert_close(scale.describe()["scale"], torch.tensor([2.0]))


def test_an_affine_warp_can_be_each_of_the_others():
    x = torch.rand(1, 20, 2)
    affine, turn = Affine(1, SIZE), Rotation(1, SIZE)
    turn.angle.data.fill_(0.3)
    c, s = torch.tensor(0.3).cos(), torch.tensor(0.3).sin()
    affine.matrix.data = torch.stack([torch.stack([c - 1, s]), torch.stack([-s, c - 1])])[None]
    torch.testing.assert_close(affine(x), turn(x))
    affine.matrix.data.zero_()
    affine.offset.data = torch.tensor([[0.1, -0.2]])
    torch.testing.assert_close(affine(x), x - torch.tensor([0.1, -0.2]))


def test_a_flow_agrees_on_opposite_edges_and_has_no_mean():
    flow = Flow(2, SIZE, highest=3, gain=1.0)
    torch.nn.init.normal_(flow.coefficients, std=0.02)
    x = torch.rand(2, 30, 2)
    torch.testing.assert_close(
        flow(x + torch.tensor([1.0, -2.0])) - torch.tensor([1.0, -2.0]), flow(x), atol=1e-5, rtol=0
    )
    grid = centres((32, 32)).expand(2, -1, -1)
    moved = flow(grid) - grid
    torch.testing.assert_close(moved.mean(1), torch.zeros(2, 2), atol=1e-6, rtol=0)
    torch.testing.assert_close(flow.describe()["flow_pixels"], moved.square().sum(-1).mean(1).sqrt() * 10)


def test_warps_compose_from_the_picture_inwards():
    scale, shift = Scale(1, SIZE), Shift(1, SIZE)
    scale.logarithm.data.fill_(0.5)
    shift.shift.data.fill_(0.3)
    x = torch.rand(1, 5, 2)
    whole = WarpSequence([scale, shift], Floor())
    torch.testing.assert_close(whole(x), Floor()(shift(scale(x))))
    assert set(whole.describe()) == {"scale", "shift_rows", "shift_columns"}


def test_a_flow_needs_waves():
    with pytest.raises(ValueError, match="highest must be at least 1"):
        Flow(1, SIZE, highest=0, gain=1.0)
