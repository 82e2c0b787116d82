"""Goals: their losses in closed form, their targets, and what they say of pictures that they do not take."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from fieldlab.classifiers.model import Model
from fieldlab.errors import InputError
from fieldlab.tasks.roll.goals.adversarial import Adversarial
from fieldlab.tasks.roll.goals.collage import Collage
from fieldlab.tasks.roll.goals.goal import Goal, Pictures
from fieldlab.tasks.roll.goals.match import Match, match, recover, roll_picture

ROWS, COLUMNS = 6, 8


def pictures(n: int = 2, channels: int = 3) -> Pictures:
    return Pictures([f"p{i}" for i in range(n)], torch.rand(n, ROWS, COLUMNS, channels))


def seen(of: Pictures, m: int = 1, k: int = 1, t: int = 1) -> torch.Tensor:
    """The pictures as they are, for all rolls alike: [m, k, t, n, p, c]."""
    return of.values.flatten(1, 2).expand(m, k, t, -1, -1, -1)


def everywhere(m: int = 1) -> torch.Tensor:
    return torch.arange(ROWS * COLUMNS).expand(m, -1)


class Brightness(nn.Module):
    """Three classes: dark, red, bright."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        assert images.shape[2:] == (ROWS, COLUMNS), "only small pictures"
        mean, red = images.mean((1, 2, 3)), images[:, 0].mean((1, 2))
        return torch.stack([-mean, red, mean], 1) * 4


def judge(channels: int = 3, size: tuple[int, int] = (ROWS, COLUMNS), resize: bool = False) -> Model:
    labels = ["dark", "red", "bright"]
    return Model("judge", Brightness(), channels, size, [0] * channels, [1] * channels, resize, labels=labels)


def test_a_rolled_picture_is_that_of_numpy():
    picture = torch.rand(ROWS, COLUMNS, 3)
    torch.testing.assert_close(
        roll_picture(picture, (2, -3)), torch.from_numpy(np.roll(picture.numpy(), (2, -3), (0, 1))), atol=1e-6, rtol=0
    )
    between = roll_picture(picture, (0.0, 0.5))
    assert not torch.allclose(between, picture, atol=0.05)
    torch.testing.assert_close(roll_picture(between, (0.0, float(COLUMNS))), between)


def test_a_known_shift_has_the_rolled_pictures_as_targets():
    of = pictures()
    goal = recover(of, shifts=[[1, 0], [0, -2]], distance=None, directions=8, region=None)
    assert goal.cases == 2
    wanted = torch.roll(of.values[1], -2, 1).flatten(0, 1)
    torch.testing.assert_close(goal.targets[1, 1], wanted, atol=1e-6, rtol=0)
    places = torch.tensor([[3, 11]])
    losses = goal.losses(seen(of, k=2)[..., places[0], :], places)
    assert losses.shape == (1, 2, 1, 2)
    expected = (of.values[1].flatten(0, 1)[places[0]] - wanted[places[0]]).square().mean()
    torch.testing.assert_close(losses[0, 1, 0, 1], expected)


def test_a_distance_has_a_case_for_every_direction():
    goal = recover(pictures(), shifts=None, distance=3.0, directions=4, region=None)
    assert goal.shifts is not None
    torch.testing.assert_close(
        goal.shifts, torch.tensor([[0.0, 3.0], [3.0, 0.0], [0.0, -3.0], [-3.0, 0.0]]), atol=1e-6, rtol=0
    )


def test_a_region_is_all_that_counts(clean_folder):
    Image.new("RGB", (COLUMNS, ROWS), "white").save("white.png")
    goal = match(pictures(1), target="white.png", region=[1, 2, 3, 5])
    assert goal.places.tolist() == [10, 11, 12, 18, 19, 20]
    white_there = torch.zeros(1, 1, 1, 1, ROWS * COLUMNS, 3)
    white_there[..., goal.places, :] = 1.0
    assert goal.scores(white_there)["matched_psnr"].item() > 130
    target = goal.target(0, 0)
    assert target[1, 2].tolist() == [1, 1, 1]


def test_the_exact_roll_is_scored_at_the_seam_and_away_from_it():
    of = Pictures(["p"], torch.rand(1, 24, 24, 1))
    goal = recover(of, shifts=[[5, 0]], distance=None, directions=1, region=None)
    wanted = goal.targets[0].clone()
    at_seam = wanted.unflatten(1, (24, 24)).clone()
    at_seam[:, 5] += 0.1  # the first row after the seam
    assert goal.score_exact(lambda shift: wanted)["exact_psnr"] > 130
    found = goal.score_exact(lambda shift: at_seam.flatten(1, 2))
    assert found["seam_psnr"] is not None
    assert found["interior_psnr"] is not None
    assert found["seam_psnr"] < 40
    assert found["interior_psnr"] > 130
    assert match_without_shift().score_exact(lambda shift: wanted) == {}


def match_without_shift() -> Match:
    return Match(pictures(1), torch.rand(1, 1, ROWS, COLUMNS, 3), region=None, shifts=None)


@pytest.mark.parametrize("change", ["lower", "raise"])
def test_a_classifier_is_asked_in_closed_form(change):
    of = pictures()
    goal = Adversarial(of, model=judge(), label="red", change=change)
    p = Brightness()(of.values.movedim(-1, 1)).softmax(-1)[:, 1]
    losses = goal.losses(seen(of, m=2, t=3), everywhere(2))
    assert losses.shape == (2, 1, 3, 2)
    torch.testing.assert_close(losses[1, 0, 2], -torch.log(p if change == "raise" else 1 - p))
    scores = goal.scores(seen(of))
    torch.testing.assert_close(scores["probability"][0, 0, 0], p)
    likeliest = Brightness()(of.values.movedim(-1, 1)).argmax(1) == 1
    assert scores["succeeded"][0, 0, 0].tolist() == [float(x == (change == "raise")) for x in likeliest]


def test_without_a_label_it_is_what_each_picture_is_taken_for():
    values = torch.stack([torch.full((ROWS, COLUMNS, 3), v) for v in (0.0, 1.0)])
    values[0] -= 0.5
    goal = Adversarial(Pictures(["dark", "bright"], values), model=judge(), label=None, change="lower")
    assert [goal.name_class(int(n)) for n in goal.wanted] == ["dark", "red"]  # of equals the first
    assert goal.format_answer(goal.before[0]).startswith("dark 0.")


@pytest.mark.parametrize(
    ("model", "label", "message"),
    [
        (judge(), "rot", "goal.label: judge knows no class rot; there are"),
        (judge(), 7, "goal.label: judge knows no class 7"),
        (judge(channels=1), None, "goal.model: judge sees 1 channel\\(s\\), and the pictures have 3"),
        (judge(size=(4, 4), resize=True), None, "goal.model: judge does not take pictures of 6 x 8 \\(only small pictures\\)"),
    ],
)  # fmt: skip
def test_what_a_classifier_does_not_take_is_told(model: Model, label: object, message: str):
    with pytest.raises(InputError, match=message):
        Adversarial(pictures(), model=model, label=label, change="lower")  # type: ignore[arg-type]


def collage(of: Pictures, towards: Goal | None = None) -> Collage:
    target = torch.rand(1, 1, ROWS, COLUMNS, 3)
    goal = Collage(of, towards or Match(of, target, region=None, shifts=None), cells=2, gain=3.0)
    goal.add_parameters(2)
    return goal


def test_a_new_collage_is_the_mean_and_masks_share_out():
    of = pictures(3)
    goal = collage(of)
    shown = goal.render(seen(of, t=2))
    assert shown.shape == (1, 1, 2, 4, ROWS * COLUMNS, 3)
    torch.testing.assert_close(shown[0, 0, 0, 0], of.values.mean(0).flatten(0, 1))
    with torch.no_grad():
        goal.masks[1, 2] = 9.0
    weights = goal.weights(1)
    torch.testing.assert_close(weights.sum(3), torch.ones(1, 1, 2, ROWS * COLUMNS))
    torch.testing.assert_close(goal.render(seen(of, t=2))[0, 0, 1, 0], of.values[2].flatten(0, 1))
    torch.testing.assert_close(weights[0, 0, 0], torch.full((3, ROWS * COLUMNS), 1 / 3))


def test_a_collage_learns_its_masks_and_each_picture_can_be_judged_alone():
    of = pictures(2)
    goal = collage(of)
    losses = goal.losses(seen(of, t=2), everywhere())
    assert losses.shape == (1, 1, 2, 1)
    losses[0, 0, 1, 0].backward()
    assert goal.masks.grad is not None
    assert goal.masks.grad[1].any()
    assert not goal.masks.grad[0].any()
    alone = goal.losses_alone(seen(of), everywhere())
    assert isinstance(goal.towards, Match)
    expected = (of.values.flatten(1, 2) - goal.towards.targets[0]).square().mean((1, 2))
    torch.testing.assert_close(alone[0, 0, 0], expected)


def test_of_pictures_that_are_all_seam_nothing_is_said_elsewhere():
    goal = recover(Pictures(["p"], torch.rand(1, 5, 5, 1)), shifts=[[1, 1]], distance=None, directions=1, region=None)
    found = goal.score_exact(lambda shift: goal.targets[0])
    assert found["interior_psnr"] is None
    assert found["seam_psnr"] is not None


def test_what_is_no_classifier_is_refused():
    class One(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean((1, 2, 3))[:, None]

    one = Model("one", One(), 3, (ROWS, COLUMNS), [0] * 3, [1] * 3)
    with pytest.raises(InputError, match=r"goal\.model: one answers 1 number"):
        Adversarial(pictures(), model=one, label=None, change="lower")


def test_of_a_network_with_several_answers_the_logits_classify():
    class Heads(nn.Module):
        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            return {self.name: Brightness()(images), "features": images}

    heads = Heads()
    model = Model("heads", heads, 3, (ROWS, COLUMNS), [0] * 3, [1] * 3)
    heads.name = "logits"  # type: ignore[assignment]
    of = pictures()
    goal, alone = (Adversarial(of, model=one, label=None, change="lower") for one in (model, judge()))
    torch.testing.assert_close(goal.before, alone.before)
    heads.name = "classes"  # type: ignore[assignment]
    with pytest.raises(
        InputError, match=r"goal\.model: heads: layer logits answers with several tensors; name one of"
    ):
        Adversarial(pictures(), model=model, label=None, change="lower")


def test_goals_that_cannot_be_are_refused(clean_folder):
    of = pictures()
    with pytest.raises(InputError, match=r"goal.region: \[0, 0, 9, 4\] should be \[TOP, LEFT, BOTTOM, RIGHT\]"):
        recover(of, shifts=[[1, 1]], distance=None, directions=1, region=[0, 0, 9, 4])
    for shifts in ([], [[1, 2, 3]], [[float("nan"), 1]], [[1e20, 1]]):
        with pytest.raises(ValueError, match="shifts must be pairs"):
            recover(of, shifts=shifts, distance=None, directions=1, region=None)
    with pytest.raises(ValueError, match="has shifts and a distance"):
        recover(of, shifts=[[1, 1]], distance=1.0, directions=8, region=None)
    with pytest.raises(ValueError, match="directions must be at least 1"):
        recover(of, shifts=None, distance=1.0, directions=0, region=None)
    with pytest.raises(ValueError, match="towards must be a goal with a single case, and no collage"):
        collage(of, collage(of))
    with pytest.raises(InputError, match=r"goal.target: there is no file none.png"):
        match(of, target="none.png", region=None)
