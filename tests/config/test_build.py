"""The one door: settings are held against signature and annotations before anything is made."""

from typing import Literal

import pytest

from fieldlab.config.instantiate import build, describe_type
from fieldlab.errors import InputError, suggest


class Part:
    def __init__(
        self, dim: int, *, width: int, rate: float, mode: Literal["a", "b"], pair: tuple[float, float]
    ) -> None:
        if width == 13:
            raise ValueError("width 13 brings bad luck")
        self.made = (dim, width, rate, mode, pair)


GOOD = {"_target_": "test_build.Part", "width": 3, "rate": 1, "mode": "a", "pair": [0.9, 0.99]}


def test_makes_the_object_with_what_only_the_program_knows():
    assert build(GOOD, "part", dim=2).made == (2, 3, 1, "a", [0.9, 0.99])


def test_partial_waits_for_its_arguments():
    make = build({**GOOD, "_partial_": True}, "part")
    assert make(5).made[0] == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 2.5}, "part.width: 2.5 should be a whole number"),
        ({"width": None}, "part.width: None should be a whole number"),
        ({"mode": "c"}, "part.mode: 'c' should be one of 'a', 'b'"),
        ({"pair": [1]}, "part.pair: [1] should be tuple[float, float]"),
        ({"widht": 3}, "part.widht: Part has no such setting; did you mean width?"),
        ({"colour": 3}, "part.colour: Part has no such setting; there are: mode, pair, rate, width"),
        ({"width": 13}, "part: width 13 brings bad luck"),
        ({"width": "???"}, "part.width: needs a value"),
        ({"_target_": "test_build.Nothing"}, "part._target_: cannot import 'test_build.Nothing'"),
        ({"_target_": "test_build.GOOD"}, "part._target_: 'test_build.GOOD' is no class or function"),
        ({"_target_": None}, "part: needs a _target_"),
    ],
)
def test_a_mistake_is_one_line_that_starts_with_its_key(change: dict, message: str):
    with pytest.raises(InputError) as error:
        build({**GOOD, **change}, "part", dim=2)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_setting_left_out_is_named():
    with pytest.raises(InputError, match=r"part\.width: Part needs this setting"):
        build({key: value for key, value in GOOD.items() if key != "width"}, "part", dim=2)


def test_mistakes_in_nested_objects_are_found():
    outer = {"_target_": "builtins.dict", "inner": {"deep": {**GOOD, "rate": "fast"}}}
    with pytest.raises(InputError, match=r"outer\.inner\.deep\.rate: 'fast' should be a number"):
        build(outer, "outer")


def test_types_in_words():
    assert describe_type(int | None) == "a whole number or null"
    assert describe_type(Literal["x", 3]) == "one of 'x', 3"
    assert suggest("a", []) == ""
