"""`task.bf16_until`: products in bfloat16 in the first steps, in float32 afterwards and whenever something is scored."""

from collections.abc import Callable

import pytest
import torch
from omegaconf import DictConfig

import fieldlab
from conftest import assemble, build_member
from fieldlab.errors import InputError
from fieldlab.networks.siren import Siren
from fieldlab.tasks.fit.module import FitModule
from fieldlab.training.precision import half_products

Small = Callable[..., DictConfig]


def test_the_setting_is_that_of_the_process_and_is_restored():
    before = torch.get_float32_matmul_precision()
    seen = []

    def fail() -> None:
        with half_products():
            seen.append(torch.get_float32_matmul_precision())
            raise ValueError("out")

    with pytest.raises(ValueError, match="out"):
        fail()
    assert seen == ["medium"]
    assert torch.get_float32_matmul_precision() == before == "highest"


@pytest.mark.parametrize(("until", "half"), [(0.0, 0), (0.5, 5), (1.0, 10)])
def test_so_many_steps_are_of_half_products_and_no_score_is(
    small: Small, monkeypatch: pytest.MonkeyPatch, until: float, half: int
):
    seen: dict[str, list[str]] = {"descend": [], "measure": []}
    for name, steps in seen.items():
        own = getattr(FitModule, name)

        def watch(self, *args, own=own, steps=steps, **settings):
            steps.append(torch.get_float32_matmul_precision())
            return own(self, *args, **settings)

        monkeypatch.setattr(FitModule, name, watch)
    fieldlab.fit([small("steps=10", "task.scores=5", f"task.bf16_until={until}", "compile=false", "logger=none")])
    warm = 2 if 0 < half < 10 else 1
    assert seen["descend"][warm:] == ["medium"] * half + ["highest"] * (10 - half)
    assert seen["measure"] == ["highest"] * 5


def test_a_share_is_from_0_to_1(small: Small):
    with pytest.raises(InputError, match=r"task: bf16_until is a share of the steps, from 0 to 1, not 2"):
        fieldlab.fit([small("task.bf16_until=2")])


def test_members_of_a_pack_share_it(small: Small):
    modules = [
        assemble([build_member(small(f"seed={s}", "task.bf16_until=1")) for s in seeds])[0] for seeds in ([0], [0, 1])
    ]
    assert [module.half_steps for module in modules] == [2, 2]


@pytest.mark.parametrize("inputs", [1, 2, 3])
def test_coordinates_are_never_rounded(inputs: int):
    """The layer that reads coordinates is as exact as ever: with 8 bits its phase would be off by a tenth."""
    x = torch.rand(4096, inputs)
    first = Siren(inputs, 1, width=256, depth=1, first_omega_0=30.0, hidden_omega_0=30.0).sines[0]
    with half_products():
        half = first(x)
    torch.testing.assert_close(half, first(x), atol=1e-5, rtol=0)
