"""Objectives mean what their text says, and every one of them can be ascended."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fieldlab.classifiers.activations import Activations
from fieldlab.tasks.visualize.objectives.objective import Objective, spell_out

SEEN = {"conv.1": torch.randn(6, 4, 5, 7), "logits": torch.randn(6, 10), "tokens": torch.randn(6, 9, 4)}
IMAGES = torch.rand(6, 3, 8, 9)


def score(text: str, images: torch.Tensor = IMAGES) -> torch.Tensor:
    return Objective(text)(SEEN, images)


def test_a_channel_is_its_mean_over_space():
    torch.testing.assert_close(score("conv.1:2"), SEEN["conv.1"][:, 2].mean((1, 2)))
    torch.testing.assert_close(score("logits:7"), SEEN["logits"][:, 7])
    torch.testing.assert_close(score("tokens:3"), SEEN["tokens"][:, :, 3].mean(1))


def test_units_of_a_list_come_by_turns():
    objective = Objective("logits:[1, 5-6]")
    assert objective.images == 3
    assert [objective.name(i) for i in range(3)] == ["logits:1", "logits:5", "logits:6"]
    torch.testing.assert_close(objective(SEEN, IMAGES), SEEN["logits"][range(6), [1, 5, 6, 1, 5, 6]])


def test_a_neuron_is_the_one_in_the_middle():
    torch.testing.assert_close(score("neuron(conv.1:2)"), SEEN["conv.1"][:, 2, 2, 3])
    torch.testing.assert_close(score("neuron(logits:[0,1])"), SEEN["logits"][range(6), [0, 1] * 3])


def test_sums_with_factors():
    both = 2 * score("conv.1:2") - 0.001 * score("tv") + 0.5 * score("l2")
    for text in (
        "2*conv.1:2 - 1e-3*tv + .5*l2",
        "conv.1:2 * 2 - tv*1e-3+l2 *0.5",
        " + 2 * conv.1:2 -0.001* tv + l2*.5",
    ):
        torch.testing.assert_close(score(text), both)


def test_objectives_form_a_vector_space():
    a, b, c = score("conv.1:2"), score("tv"), score("neuron(logits:3)")
    torch.testing.assert_close(score("-(conv.1:2 - tv)"), b - a)
    torch.testing.assert_close(score("conv.1:2 - tv - neuron(logits:3)"), a - b - c)
    torch.testing.assert_close(score("conv.1:2 - (tv - neuron(logits:3))"), a - b + c)
    torch.testing.assert_close(score("2*(conv.1:2 + 3*tv)/4 - -neuron(logits:3)*.1"), a / 2 + 1.5 * b + 0.1 * c)
    assert [factor for factor, _ in Objective("-2*tv + l1*3 - l2").terms] == [-2, 3, -1]


def test_a_direction(tmp_path: Path):
    v = torch.randn(4)
    np.save(tmp_path / "v.npy", v.numpy())
    a = SEEN["conv.1"].flatten(2)
    along = torch.einsum("nck,c->nk", a, v / v.norm())
    torch.testing.assert_close(score(f"direction(conv.1, {tmp_path}/v.npy)"), along.mean(1))
    cosine = along / a.norm(dim=1)
    expected = (along * cosine.clamp_min(0.1) ** 2).mean(1)
    torch.testing.assert_close(score(f"direction(conv.1, {tmp_path}/v.npy, 2)"), expected)


def test_files_may_have_names_that_look_like_arithmetic(tmp_path: Path):
    file = tmp_path / "a - 2*b [1].npy"
    np.save(file, np.eye(4)[1])
    objective = Objective(f"direction(conv.1, {file}) - logits:[3,5]")
    torch.testing.assert_close(objective(SEEN, IMAGES), score("conv.1:1") - score("logits:[3,5]"))
    assert objective.name(1) == f"direction(conv.1, {file}) - logits:5"


def test_a_layer_is_its_mean():
    torch.testing.assert_close(score("layer(conv.1)"), SEEN["conv.1"].mean((1, 2, 3)))


def test_all_units_are_spell_out():
    units = {"logits": 3, "layer1.0": 12}.__getitem__
    assert spell_out("logits:* - 0.1*tv", units) == "logits:[0-2] - 0.1*tv"
    assert spell_out("2*layer1.0: *+neuron(logits:*)", units) == "2*layer1.0:[0-11]+neuron(logits:[0-2])"
    assert spell_out("logits:1*2 - tv", units) == "logits:1*2 - tv"
    assert Objective(spell_out("0.5*logits:*", units)).images == 3


def test_answers_are_the_part_that_is_the_networks():
    objective = Objective("2*conv.1:1 - conv.1:0 - 3*tv + diversity(conv.1)")
    expected = (2 * SEEN["conv.1"][:, 1] - SEEN["conv.1"][:, 0]).mean((1, 2))
    torch.testing.assert_close(objective.answer(SEEN, IMAGES), expected)
    assert objective.answers
    assert not Objective("l1 - tv").answers


def test_each_image_has_an_objective_alone():
    objective = Objective("conv.1:[0-2] - 0.1*tv")
    for i in range(3):
        assert objective.alone(i).text == f"conv.1:{i} - 0.1*tv"
        torch.testing.assert_close(objective.alone(i)(SEEN, IMAGES)[i], objective(SEEN, IMAGES)[i])


def test_deepdream_is_the_mean_square():
    torch.testing.assert_close(score("deepdream(conv.1)"), SEEN["conv.1"].square().mean((1, 2, 3)))


def test_diversity_is_0_where_all_differ_and_minus_1_where_all_are_alike():
    one = torch.randn(1, 4, 5, 7)
    alike = Objective("diversity(a)")({"a": one.expand(3, -1, -1, -1)}, IMAGES[:3])
    torch.testing.assert_close(alike, -torch.ones(3))
    apart = torch.zeros(2, 4, 5, 7)
    apart[0, 0], apart[1, 1] = 1, 1
    torch.testing.assert_close(Objective("diversity(a)")({"a": apart}, IMAGES[:2]), torch.zeros(2))
    grams = torch.stack([a.flatten(1) @ a.flatten(1).T for a in SEEN["conv.1"]])
    grams = grams / grams.norm(dim=(1, 2), keepdim=True)
    expected = -sum((grams[0] * grams[j]).sum() for j in range(1, 6)) / 5
    torch.testing.assert_close(score("diversity(conv.1)")[0], torch.as_tensor(expected))


def test_penalties():
    grey = torch.full((1, 3, 8, 9), 0.5)
    for name in ("tv", "l1", "l2", "blur"):
        assert not score(name, grey).any()
        assert (score(name) > 0.01).all()
    ramp = torch.arange(9.0).expand(1, 1, 8, 9) / 10
    torch.testing.assert_close(score("tv", ramp), torch.tensor([0.1]))
    board = (torch.arange(8)[:, None] + torch.arange(9)) % 2 * 1.0
    assert score("blur", board[None, None]) > 5 * score("blur", ramp)
    torch.testing.assert_close(score("l1", board[None, None]), torch.tensor([0.5]))
    torch.testing.assert_close(score("l2", board[None, None]), torch.tensor([0.25]))


@pytest.mark.parametrize(
    "text",
    ["2:[0,1]", "neuron(2:1)", "direction(2, v.npy, 1)", "layer(2)", "deepdream(0)", "2:0 + diversity(2)", "logits:[2,3]", "-1*tv", "-1*l1", "-1*l2", "-1*blur"],
)  # fmt: skip
def test_each_objective_ascends(text: str, clean_folder: Path):
    torch.manual_seed(0)
    np.save(clean_folder / "v.npy", np.ones(4))
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.Tanh(), nn.Conv2d(4, 4, 3, padding=1), nn.Flatten(), nn.Linear(256, 5)
    )
    objective, images = Objective(text), torch.rand(2, 3, 8, 8, requires_grad=True)
    optimizer = torch.optim.Adam([images], lr=0.01)
    with Activations(model, objective.layers) as look:
        scores = []
        for _ in range(4):
            each = objective(look(images), images)
            scores.append(each.detach())
            optimizer.zero_grad()
            (-each.sum()).backward()
            optimizer.step()
    assert (scores[3] > scores[0]).all()


def test_layers_are_those_that_are_asked_for():
    assert Objective("a.b:1 + 2*deepdream(c) - tv - a.b:0").layers == ["a.b", "c"]
    assert Objective("tv").layers == []


def units(text: str) -> Sequence[int]:
    [(_, term)] = Objective(text).terms
    return term.units


def test_lists_and_ranges():
    assert units("a:12") == [12]
    assert units("neuron(a:[1, 5,9])") == [1, 5, 9]
    assert units("layer1.0.conv2:[0 - 3, 7]") == [0, 1, 2, 3, 7]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no objective; an objective is a sum like"),
        ("layer4", "'layer4' in 'layer4' is no term.*units are layer:unit"),
        ("logits:1 - blr", "'blr' in 'logits:1 - blr' is no term; did you mean blur"),
        ("deepdraem(layer4)", r"deepdraem\(…\) in 'deepdraem\(layer4\)' is no term; did you mean deepdream"),
        ("neuron(layer4)", r"neuron\(layer4\) in 'neuron\(layer4\)' is not understood"),
        ("neuron((a:1))", r"'neuron\(\(a:1\)\)' in .* is not understood; an objective is a sum like"),
        ("tv - logits:x", "'logits:x' is not understood; units are numbers and ranges, like 12 or"),
        ("logits:[5-2]", r"'logits:\[5-2\]' is not understood; units are numbers and ranges"),
        ("logits:[]", r"'logits:\[\]' is not understood; units are numbers and ranges"),
        ("logits:-1", "'logits:' is not understood; units are numbers and ranges"),
        ("logits:[1,2] + a:[1,2,3]", "names 2 and 3 units; each is for one image"),
        ("direction(a, none.npy)", "direction: none.npy is no array of numbers"),
        ("direction(a, none.npy, x)", "direction: power x should be a number"),
        (
            "logits:1 - (tv",
            r"'\(tv' in 'logits:1 - \(tv' is not understood \('\(' was never closed\); an objective is",
        ),
        ("logits:[0,1 - tv", r"'\[0,1 - tv' in 'logits:\[0,1 - tv' is not understood"),
        ("a:1 b:2", "'b:2' in 'a:1 b:2' is not understood"),
        ("a:1, b:2", "'a:1, b:2' in 'a:1, b:2' is not understood"),
        ("tv -", "'tv -' is no expression: something should follow; an objective is"),
        ("a:1 - 2*tv*blur", r"'2\*tv\*blur' in 'a:1 - 2\*tv\*blur' is not understood; .* with numbers as factors"),
        ("a:1 + tv**2", r"'tv\*\*2' in .* is not understood"),
        ("a:1 - 1/tv", "'1/tv' in .* is not understood"),
        ("tv/0 - l1", "'tv/0' in .* is not understood"),
        ("tv + 1", r"'tv \+ 1' in .* is not understood"),
        ("2*3", r"'2\*3' names nothing to optimise for"),
        ("layer1.0", "'layer1.0' in 'layer1.0' is no term.*units are layer:unit"),
    ],
)
def test_bad_objectives_are_named(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        Objective(text)


def test_units_that_a_layer_does_not_have():
    with pytest.raises(ValueError, match="logits has the units 0 to 9, and no 10"):
        score("logits:[3,10]")
    np.save("v.npy", np.ones(3))
    with pytest.raises(ValueError, match=r"conv\.1 has 4 channels; the direction has 3"):
        score("direction(conv.1, v.npy)")
    with pytest.raises(ValueError, match="diversity is one of several images"):
        Objective("diversity(a)")({"a": torch.randn(1, 4, 5, 5)}, IMAGES[:1])


def test_the_middle_of_tokens_is_the_middle_of_their_square():
    tokens = torch.rand(2, 1 + 14 * 14, 3)
    picture = tokens[:, 1:].mT.unflatten(-1, (14, 14))
    found = Objective("neuron(blocks:2)")({"blocks": tokens}, IMAGES[:2])
    torch.testing.assert_close(found, picture[:, 2, 7, 7])
    torch.testing.assert_close(
        Objective("neuron(blocks:2)")({"blocks": tokens[:, 1:]}, IMAGES[:2]), picture[:, 2, 7, 7]
    )


def test_channels_of_a_layer():
    assert Objective("logits:[1,2] - tv - logits:3").channels_of("logits") == [1, 2]
    for text in ("neuron(logits:1)", "-logits:1", "other:1", "logits:1 + logits:2"):
        assert Objective(text).channels_of("logits") == ()
