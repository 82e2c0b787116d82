"""What people type reaches Hydra as what they mean."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from fieldlab.config.overrides import add_quotes, quote, remove_quotes


def value(override: str) -> object:
    [parsed] = OverridesParser.create().parse_overrides([override])
    return parsed.value()


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" \\'\"=()[]{},")))
def test_any_text_in_quotes_is_itself(text: str):
    assert value(f"key={add_quotes(text)}") == text
    assert remove_quotes(add_quotes(text)) == text


@pytest.mark.parametrize(
    "name",
    ["my photo (1).png", "x=1.png", "[a].png", "a{b}.png", "it's.png", "büro.png", "日本.png", "a#b&c;d.png", "a(1).png", "C:\\a (b)\\c.png"],
)  # fmt: skip
def test_names_of_files_need_no_quotes(name: str):
    assert value(quote(f"signal.path={name}")) == name


def test_a_file_whose_name_would_sweep_is_meant_where_it_exists():
    assert value(quote("signal.path=a,b.png")) != "a,b.png"
    Path("a,b.png").touch()
    assert value(quote("signal.path=a,b.png")) == "a,b.png"


@pytest.mark.parametrize(
    "override",
    ["seed=0,1", "seed=range(3)", "signal.size=[8,8]", "warp/moves=[shift,scale]", "field.encoding.sigma=interval(1, 5)", "+a={b: 1}",
     "steps=[1", "seed=choice(1,2", "-m", "~logger", "optimizer.lr=${field.learning_rate}", "signal.path='a b.png'"],
)  # fmt: skip
def test_what_hydra_has_words_for_is_left_to_it(override: str):
    assert quote(override) == override
