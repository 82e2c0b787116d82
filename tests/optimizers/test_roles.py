"""Roles of parameters come from the modules that hold them."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

import fieldlab
from conftest import assemble, build_member, options, rolling, seeing
from fieldlab.field import Ensemble, Field, build_field
from fieldlab.optimizers.roles import ROLES, NamesHidden, group_by_role


def names_by_role(module: nn.Module) -> dict[str, set[str]]:
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    return {group["role"]: {names[id(p)] for p in group["params"]} for group in group_by_role(module)}


FLAT = {"decoder", "gaussians", "grid", "grid_linear"}  # without a hidden matrix


@pytest.fixture(params=[name for name in options("field/network") if name not in FLAT])
def field(request: pytest.FixtureRequest) -> Field:
    config = fieldlab.compose("field=siren", f"field/network={request.param}").field
    return build_field(config, dim=2, channels=3)


@pytest.mark.quick(6)
def test_linear_layers_between_the_first_and_the_last_that_are_called_are_hidden(field: Field):
    """The order of calls is another than that of assignment, by which roles are dealt."""
    called: list[nn.Linear] = []
    for layer in field.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda layer, *_: called.append(layer))
    field(torch.rand(5, 2))
    found = {group["role"]: {id(p) for p in group["params"]} for group in group_by_role(field)}
    assert sum(map(len, found.values())) == len(list(field.parameters()))
    if not any(isinstance(part, NamesHidden) for part in field.modules()):
        assert found["hidden"] == {id(layer.weight) for layer in called[1:-1]}
        assert found["edge"] == {id(layer.weight) for layer in (called[0], called[-1])}
    assert found["hidden"]


@pytest.mark.parametrize(
    ("network", "hidden"),
    [
        ("siren", {"network.sines.1.linear.weight", "network.sines.2.linear.weight"}),
        ("relu", {"network.hidden.1.weight", "network.hidden.2.weight"}),
        ("relu_glorot", {"network.relu.hidden.1.weight", "network.relu.hidden.2.weight"}),
    ],
)
def test_hidden_weights_alone_and_stacked(network: str, hidden: set[str]):
    config = fieldlab.compose("field=siren", f"field/network={network}", "field.network.depth=3").field
    fields = [build_field(config, dim=2, channels=3) for _ in range(2)]
    found = names_by_role(fields[0])
    assert found["hidden"] == hidden
    assert names_by_role(Ensemble(fields)) == {role: {f"stacked.{n}" for n in found[role]} for role in ROLES}


@pytest.mark.parametrize("preset", ["relu_factorised", "relu_fourier"])
def test_weights_that_are_functions_of_others_are_named_alone_and_stacked(preset: str):
    config = fieldlab.compose(f"field={preset}").field
    fields = [build_field(config, dim=2, channels=3) for _ in range(2)]
    found = names_by_role(fields[0])
    assert len(found["hidden"]) == 2
    assert all("original" in name for name in found["hidden"])
    assert names_by_role(Ensemble(fields)) == {role: {f"stacked.{n}" for n in found[role]} for role in ROLES}


def test_a_first_layer_that_is_a_function_of_others_moves_no_edge():
    network = nn.Sequential(*(nn.Linear(4, 4) for _ in range(4)))
    nn.utils.parametrizations.weight_norm(network[0])
    assert names_by_role(network)["hidden"] == {"1.weight", "2.weight"}
    assert names_by_role(network)["edge"] == {"3.weight"}


class Table(nn.Module):
    """A matrix that is no layer, and a network that says which of its weights are hidden."""

    def __init__(self, named: str) -> None:
        super().__init__()
        self.named = named
        self.table = nn.Parameter(torch.zeros(4, 2))
        self.mixing = nn.Parameter(torch.zeros(2, 2))
        self.bias = nn.Parameter(torch.zeros(2))
        self.gate, self.last = nn.Linear(2, 2), nn.Linear(2, 1)

    def hidden_weights(self) -> Iterator[Tensor]:
        yield {"mixing": self.mixing, "bias": self.bias, "other": torch.zeros(2, 2)}[self.named]


def test_a_module_may_say_which_of_its_weights_are_hidden():
    found = names_by_role(nn.Sequential(nn.Linear(2, 4), Table("mixing"), nn.Linear(1, 2), nn.Linear(2, 2)))
    assert found["hidden"] == {"1.mixing"}
    assert found["edge"] == {"0.weight", "1.gate.weight", "1.last.weight", "2.weight", "3.weight"}
    assert {"1.table", "1.bias", "0.bias"} <= found["other"]


@pytest.mark.parametrize("named", ["bias", "other"])
def test_what_is_no_matrix_or_no_parameter_is_not_hidden(named: str):
    with pytest.raises(
        ValueError, match=r"hidden_weights\(\) should name parameters of its module that are matrices"
    ):
        group_by_role(Table(named))


def test_a_single_layer_is_no_hidden_one():
    assert names_by_role(nn.Linear(3, 2)) == {"hidden": set(), "edge": {"weight"}, "other": {"bias"}}


@pytest.mark.slow
def test_shifts_and_pixels_are_neither():
    fieldlab.fit([rolling("steps=1")])  # memorises what is rolled
    for config in (rolling("optimizer=muon"), seeing("optimizer=muon", "canvas=pixels")):
        module, _ = assemble([build_member(config)])
        found = names_by_role(module.ensemble)
        assert not found["hidden"]
        assert not found["edge"]
        assert found["other"]
