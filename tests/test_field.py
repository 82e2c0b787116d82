"""Field: its ranges. Ensemble: as many fields in one call as that many separate ones."""

import pytest
import torch
from torch import nn

import fieldlab
from fieldlab.errors import InputError
from fieldlab.field import Ensemble, Field, build_field, draw


def fields(*seeds: int, overrides: tuple[str, ...] = ("field=siren",)) -> list[Field]:
    config = fieldlab.compose(*overrides)
    return [draw(lambda: build_field(config.field, dim=2, channels=3), seed) for seed in seeds]


class Recorder(nn.Module):
    """Passes on what it sees."""

    features = 1

    def forward(self, x):
        self.seen = x
        return x


def test_ranges_are_affine_maps_at_both_ends():
    encoding = Recorder()
    field = Field(encoding, nn.Identity(), nn.Identity(), coordinates=(-1.0, 1.0), values=(-2.0, 2.0))
    y = field(torch.tensor([[0.0], [0.25], [1.0]]))
    torch.testing.assert_close(encoding.seen, torch.tensor([[-1.0], [-0.5], [1.0]]))
    torch.testing.assert_close(y, torch.tensor([[0.25], [0.375], [0.75]]))  # -1, -0.5, 1 within [-2, 2]


@pytest.mark.parametrize("preset", ["siren", "gaussian", "positional"])
def test_ensemble_is_that_many_separate_fields(preset: str):
    alone = fields(0, 1, 2, overrides=(f"field={preset}",))
    x = torch.rand(3, 40, 2)
    together = Ensemble(alone)(x)
    for m, field in enumerate(alone):
        torch.testing.assert_close(together[m], field(x[m]), atol=2e-5, rtol=1e-4)


def test_ensemble_gradients_are_those_of_separate_fields():
    alone = fields(0, 1)
    ensemble = Ensemble(alone)
    x = torch.rand(2, 40, 2)
    ensemble(x).square().mean((-2, -1)).sum().backward()
    stacked = dict(ensemble.stacked.named_parameters())
    for m, field in enumerate(alone):
        field(x[m]).square().mean().backward()
        for name, parameter in field.named_parameters():
            torch.testing.assert_close(stacked[name].grad[m], parameter.grad, atol=1e-5, rtol=1e-3)


def test_an_ensemble_of_one_is_its_member_and_gives_it_back():
    (alone,) = fields(3)
    ensemble = Ensemble([alone])
    x = torch.rand(1, 10, 2)
    assert torch.equal(ensemble(x)[0], alone(x[0]))
    back = ensemble.member(0)
    assert back.state_dict().keys() == alone.state_dict().keys()
    assert torch.equal(back(x[0]), alone(x[0]))


def test_members_with_other_omega_and_sigma_stack():
    siren = [*fields(0), *fields(0, overrides=("field=siren", "field.network.first_omega_0=60"))]
    gaussian = [fields(0, overrides=("field=gaussian", f"field.encoding.sigma={sigma}"))[0] for sigma in (5, 20)]
    x = torch.rand(2, 10, 2)
    for pair in (siren, gaussian):
        together = Ensemble(pair)(x)
        for m in range(2):
            torch.testing.assert_close(together[m], pair[m](x[m]), atol=5e-5, rtol=1e-3)


def test_fields_of_other_shapes_do_not_stack():
    with pytest.raises(ValueError, match="do not stack"):
        Ensemble([*fields(0), *fields(0, overrides=("field=siren", "field.network.width=128"))])


def test_first_layer_and_encoding_stay_in_full_precision_under_autocast():
    for preset in ("siren", "relu", "gaussian"):
        (field,) = fields(0, overrides=(f"field={preset}",))
        x = torch.rand(100, 2)
        first = next(m for m in field.network.modules() if isinstance(m, nn.Linear))
        seen = []
        first.register_forward_hook(lambda module, args, out, seen=seen: seen.append((args[0].dtype, out.dtype)))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            half = field(x)
        assert seen == [(torch.float32, torch.float32)]
        assert half.dtype == torch.float32
        assert not torch.equal(half, field(x))  # the hidden products did run in bfloat16


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("field.coordinates=[1,-1]", "field.coordinates: [1, -1] should be two numbers, low before high"),
        ("field.values=3", "field.values: 3 should be two numbers"),
        ("field.encoding.sigma=-1", "field.encoding: sigma must be positive, not -1"),
        ("field.encoding.sigma=wide", "field.encoding.sigma: 'wide' should be a number"),
        ("+field.encoding.sgima=1", "field.encoding.sgima: GaussianFourier has no such setting; did you mean sigma?"),
        ("~field.encoding.sigma", "field.encoding.sigma: GaussianFourier needs this setting"),
        ("field.encoding.sigma=???", "field.encoding.sigma: needs a value"),
        ("field.encoding._target_=nowhere.Encoding", "field.encoding._target_: cannot import 'nowhere.Encoding'"),
        ("+field.colour=red", "field.colour: a field has no such setting"),
        ("field.network.width=0", "field.network: width and depth must be at least 1, not 0 and 3"),
    ],
)
def test_a_mistake_is_named_with_its_key(override: str, message: str):
    with pytest.raises(InputError) as error:
        fields(0, overrides=("field=gaussian", override))
    assert str(error.value).startswith(message)
