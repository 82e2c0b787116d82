"""Constraints from YAML: derivatives that are supervised, regions, user functions, and what is refused."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

import fieldlab
from conftest import Command, assemble, build_member
from fieldlab import fit
from fieldlab.errors import InputError
from fieldlab.operators import gradient, laplacian
from fieldlab.training.constraints import Constraint, Points, Reading

Compose = Callable[..., DictConfig]

POISSON = (
    "split=all",
    "supervise=gradient",
    "field.learning_rate=3e-4",
    "steps=60",
    "field.network.width=64",
    "optimizer=adam",
)


def constraint(residual: str, norm: str = "squared", weight: float = 1.0) -> Constraint:
    return Constraint(region="all", residual=residual, norm=norm, weight=weight)  # type: ignore[arg-type]


def test_a_constraint_is_the_weighted_mean_of_its_residual():
    x = torch.rand(2, 7, 2)
    batch = {"all": Points(x, {"target": torch.full((2, 7, 1), 0.25)})}

    def field(x: torch.Tensor) -> torch.Tensor:
        return x.square().sum(-1, keepdim=True)

    off = x.square().sum(-1) - 0.25
    reading = Reading(field, batch)
    torch.testing.assert_close(constraint("value - target", weight=3.0)(reading), 3 * off.square().mean(1))
    torch.testing.assert_close(constraint("value - target", "absolute")(reading), off.abs().mean(1))
    torch.testing.assert_close(constraint("laplacian - 4")(reading), torch.zeros(2))
    torch.testing.assert_close(constraint("norm(gradient) - 2 * (x0**2 + x1**2)**(1/2)")(reading), torch.zeros(2))


def test_several_regions_are_one_mean():
    x = torch.rand(2, 9, 2)
    batch = {"all": Points(x[:, :2], {}), "space": Points(x[:, 2:], {})}
    over_both = Constraint(region=["all", "space"], residual="value", norm="absolute", weight=2.0)
    losses = over_both(Reading(lambda x: x.sum(-1, keepdim=True), batch))
    torch.testing.assert_close(losses, 2 * x.sum(-1).mean(1))


def test_shares_of_devices_average_to_the_whole():
    x = torch.rand(1, 9, 2)
    over_both = Constraint(region=["all", "space"], residual="value", norm="squared", weight=1.0)
    losses = []
    for mine, others in ((x[:, :1], x[:, 2:6]), (x[:, 1:2], x[:, 6:])):  # of 2 points and of 7
        batch = {"all": Points(mine, {}, 1 * 2 / 2), "space": Points(others, {}, others.shape[1] * 2 / 7)}
        losses.append(over_both(Reading(lambda x: x, batch)))
    torch.testing.assert_close(torch.stack(losses).mean(0), x.square().mean((1, 2)))


@pytest.mark.parametrize(
    ("supervise", "photo"),
    [pytest.param(*case, marks=pytest.mark.slow) for case in (("gradient", "camera"), ("laplacian", "astronaut"))],
)
def test_packed_derivatives_are_what_each_would_have_been_alone(small: Compose, supervise: str, photo: str):
    common = (*POISSON[:1], f"supervise={supervise}", *POISSON[2:], "steps=15", f"signal={photo}", "signal.size=16")
    configs = [small(*common, f"seed={seed}") for seed in (0, 1)]
    alone = [fit([small(*common, f"seed={seed}", "study=alone")])[0] for seed in (0, 1)]
    for one, member in zip(alone, fit(configs), strict=True):
        assert (one.status, member.members) == ("finished", 2)
        for score in ("full_psnr", "gradient_psnr", "laplacian_psnr"):
            assert member.scores[score] == pytest.approx(one.scores[score], abs=0.02)


@pytest.mark.slow
def test_a_field_learns_gradients_and_recovers_the_photo(small: Compose):
    before, after = (fit([small(*POISSON, f"steps={steps}", f"study={steps}")])[0] for steps in (1, 300))
    assert after.scores["gradient_psnr"] > before.scores["gradient_psnr"] + 10
    assert after.scores["full_psnr"] > before.scores["full_psnr"] + 8
    assert (
        after.scores["full_psnr"] < after.yardsticks["Poisson solver"]["full_psnr"] + 2
    )  # no field can know more than its gradients


@pytest.mark.slow
def test_the_free_offset_is_fitted_and_the_classical_solution_is_scored_alike(small: Compose):
    [result] = fit([small(*POISSON)])
    field, signal = fieldlab.load(result.config["folder"]), build_member(small(*POISSON)).signal
    with torch.no_grad():
        y = field(signal.coordinates())
    target = signal.values.flatten(0, -2)
    off = y - y.mean() - (target - target.mean())
    shifted = (target + off).clamp(0, 1) - target
    assert result.scores["full_psnr"] == pytest.approx(-10 * math.log10(shifted.square().mean().item()), abs=0.01)


def test_scores_of_derivatives_are_those_of_the_field(small: Compose):
    [result] = fit([small(*POISSON)])
    field, prepared = fieldlab.load(result.config["folder"]), build_member(small(*POISSON))
    task, _ = assemble([prepared])
    for operator, name in ((gradient, "gradient"), (laplacian, "laplacian")):
        target = task.derivatives[name][0]
        mse = (operator(field, prepared.signal.coordinates()) - target).square().mean().item()
        peak = (target.max() - target.min()).item()
        assert result.scores[f"{name}_psnr"] == pytest.approx(-10 * math.log10(mse / peak**2), abs=0.01)


def test_values_may_be_supervised_with_derivatives_scored(small: Compose):
    [result] = fit([small("supervise.derivatives=true")])
    assert {"test_psnr", "gradient_psnr", "laplacian_psnr"} <= result.scores.keys()
    assert "Poisson solver" not in result.yardsticks


WAVE = '''
from fieldlab.operators import hessian, value


def wave(field, points, *, speed):
    """u_tt - speed^2 u_xx with t along the first axis."""
    h = hessian(field, points.x)[..., 0, :, :]
    return h[..., 0, 0] - speed**2 * h[..., 1, 1]


def known(field, points):
    return value(field, points.x) - points.data["target"]
'''
WAVE_YAML = """
name: wave
constraints:
  equation:
    _target_: fieldlab.training.constraints.Constraint
    region: all
    residual: {_target_: physics.wave, _partial_: true, speed: 2.0}
    norm: squared
    weight: 1.0e-3
  boundary:
    _target_: fieldlab.training.constraints.Constraint
    region: boundary
    residual: {_target_: physics.known, _partial_: true}
    norm: squared
    weight: 1.0
free: nothing
derivatives: false
"""


@pytest.mark.slow
def test_a_user_adds_an_equation_with_a_function_and_a_yaml(command: Command):
    """The wave equation: u = (1 + cos(pi (2 t - x)) / 2, which it and its boundary determine."""
    Path("physics.py").write_text(WAVE)
    Path("conf/supervise").mkdir(parents=True)
    Path("conf/supervise/wave.yaml").write_text(WAVE_YAML)
    arguments = [
        "signal=formula", "signal.formula='(1 + cos(pi*(2*x0 - x1))) / 2'", "signal.size=[12,12]", "split=all",
        "supervise=wave", "field=tanh", "field.network.width=16", "field.network.depth=2", "optimizer=lbfgs",
        "schedule=constant", "steps=60", "trainer=cpu", "logger=none",
    ]  # fmt: skip
    code, out, error = command(*arguments)
    assert (code, error) == (0, "")
    assert float(out.partition("full ")[2].partition(" dB")[0]) > 25


@pytest.mark.slow
def test_helmholtz_is_solved_from_its_boundary(small: Compose):
    common = ("signal=formula", "signal.size=[12,12]", "split=all", "supervise=helmholtz", "field=tanh")
    network = ("field.network.width=16", "field.network.depth=2", "optimizer=lbfgs", "schedule=constant")
    [result] = fit([small(*common, *network, "steps=60")])
    assert result.scores["full_psnr"] > 25


@pytest.mark.quick(4)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["supervise=gradient"], "task: derivatives of a signal are taken from neighbours, held-out ones too; add split=all"),
        (["supervise.constraints.value.region=edge"], "supervise.constraints.value.region: there is no region edge; there are: all, boundary"),
        (["supervise.constraints.value.region=mask"], "supervise.constraints.value.region: there is no region mask"),
        (["supervise.constraints.value.residual='laplacain'"], "supervise.constraints.value.residual: laplacain is no operator, and nothing this signal knows; did you mean laplacian"),
        (["supervise.constraints.value.residual='value - x2'"], "supervise.constraints.value.residual: x2 is no operator"),
        (["supervise.constraints.value.residual='value -'"], "supervise.constraints.value: 'value -' is no expression"),
        (["supervise.constraints.value.norm=cubed"], "supervise.constraints.value.norm: 'cubed' should be one of 'squared', 'absolute'"),
        (["split=all", "supervise=laplacian", "field=relu"], "field: relu is piecewise linear along each coordinate"),
        (["split=all", "supervise=laplacian", "task.stencil=prewitt"], "task.stencil: 'prewitt' should be one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_is_one_line(command: Command, arguments: list[str], message: str):
    code, _, error = command("signal.size=16", "steps=2", "trainer=cpu", *arguments)
    assert code == 2
    assert error.startswith(f"fieldlab: {message}")
    assert error.count("\n") == 1
    assert not Path("runs").exists()


def test_relu_behind_a_smooth_encoding_may_learn_a_laplacian(small: Compose):
    [result] = fit([small("split=all", "supervise=laplacian", "field=gaussian", "field.network.width=16")])
    assert result.status == "finished"


@pytest.mark.slow
def test_a_linear_grid_has_mixed_derivatives_but_learns_no_laplacian(small: Compose):
    grid = ("split=all", "field=hash_grid_small", "field.network.width=16", "supervise=laplacian")
    with pytest.raises(InputError, match=r"linear along each coordinate.*field\.encoding\.interpolation=smoothstep"):
        fit([small(*grid)])
    mixed = ("supervise.constraints.laplacian.residual='hessian[..., 0, 0, 1]'",)
    for bending in (mixed, ("field.encoding.interpolation=smoothstep",)):
        [result] = fit([small(*grid, *bending)])
        assert result.status == "finished"


def test_a_derivative_that_is_not_the_slope_is_refused(command: Command):
    Path("mine.py").write_text(
        "import torch\nfrom fieldlab.networks.tanh import Tanh\n\n"
        "class Detached(Tanh):\n"
        "    def forward(self, h):\n"
        "        return super().forward(h) * (1 + h.detach().sum(-1, keepdim=True))\n"
    )
    arguments = ["split=all", "supervise=gradient", "field=tanh", "field.network._target_=mine.Detached"]
    code, _, error = command("signal.size=16", "steps=2", "trainer=cpu", "logger=none", *arguments)
    assert code == 2
    assert "is a factor detached?" in error


def test_regions_of_a_mask(small: Compose, clean_folder: Path):
    import numpy as np
    from skimage.io import imsave

    white = np.zeros((16, 16), dtype=np.uint8)
    white[4:8, 4:8] = 255
    imsave("mask.png", white, check_contrast=False)
    settings = ("signal=composite", "signal.size=16", "signal.mask=mask.png", "split=all", "supervise=gradient")
    config = small(*settings, "supervise.constraints.gradient.region=mask")
    task, _ = assemble([build_member(config)])
    assert task.samples.regions["mask"].shape == (1, 16)
    assert [result.status for result in fit([config])] == ["finished"]
