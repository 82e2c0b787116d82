"""Expressions: what they compute, and what they refuse."""

import pytest
import torch

from fieldlab.expressions import REFERENCE, Expression, find_files
from fieldlab.operators import FUNCTIONS


def read(text: str) -> Expression:
    return Expression(text, FUNCTIONS)


def names_of(objective: str) -> list[str]:
    return Expression(objective, {}, pattern=REFERENCE).names


def test_arithmetic_on_names():
    expression = read("(laplacian + (2*pi)**2 * value) / 2 - target[..., 0]")
    assert expression.names == ["laplacian", "target", "value"]
    lap, target, value = torch.rand(5), torch.rand(5, 2), torch.rand(5)
    torch.testing.assert_close(expression(lap, target, value), (lap + (2 * torch.pi) ** 2 * value) / 2 - target[:, 0])


def test_functions_are_over_the_last_axis():
    v, w = torch.rand(4, 3), torch.rand(4, 3)
    torch.testing.assert_close(read("norm(v) - 1")(v), v.norm(dim=-1) - 1)
    torch.testing.assert_close(read("1 - cosine(v, w) + dot(v, w)")(v, w), 1 - (v * w).sum(-1) / v.norm(dim=-1) / w.norm(dim=-1) + (v * w).sum(-1))  # fmt: skip


def test_expressions_bear_anomaly_detection():
    x = torch.rand(4, 3, requires_grad=True)
    with torch.autograd.detect_anomaly(check_nan=True):
        read("norm(v) ** 2 - 3 * pi")(x).sum().backward()
    torch.testing.assert_close(x.grad, 2 * x.detach())


def test_no_name_reaches_a_builtin():
    expression = read("open + eval")
    assert expression.names == ["eval", "open"]
    assert expression(torch.ones(1), torch.ones(1)) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a - b - 1", 3 - 5 - 1),
        ("a - (b - 1)", 3 - (5 - 1)),
        ("-a**2", -9),
        ("(-a)**2", 9),
        ("2**-a", 1 / 8),
        ("2**a**2", 2**9),
        ("a + b*2", 13),
        ("-a*b - -1", -14),
        ("b/2*a", 7.5),
        ("1e-3*a + .5*b + 5.", 7.503),
        ("\n a\n + b\n", 8),
    ],
)
def test_operations_bind_as_in_mathematics(text: str, expected: float):
    expression = read(text)
    values = {"a": torch.tensor(3.0), "b": torch.tensor(5.0)}
    result = expression(*(values[name] for name in expression.names))
    torch.testing.assert_close(result, torch.tensor(float(expected)))


def test_indices_are_those_of_tensors():
    h = torch.rand(4, 2, 3, 3)
    torch.testing.assert_close(read("h[..., 0, 1:] - h[..., 0:1, -1]")(h), h[..., 0, 1:] - h[..., 0:1, -1])


def test_compiled_expressions_are_the_same():
    expression = read("norm(v)**2 - 2 * cosine(v, w) / pi")
    v, w = torch.rand(4, 3), torch.rand(4, 3)
    compiled = torch.compile(lambda v, w: expression(v, w), backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(v, w), expression(v, w))


@pytest.mark.parametrize(
    "name",
    [
        "tv", "layer4:12", "features.0:1", "layer4.0.conv1:[1,5-7]", "blocks.3.attn : [ 0 - 3, 7 ]", "2:0", "1.0:*", "größe.0:1",
        "neuron(logits:3)", "deepdream(feature-map)", "direction(layer3, ~/my files/v-1#[2]+é.npy, 2)",
    ],
)  # fmt: skip
def test_names_of_objectives_are_read_as_they_are_written(name: str):
    assert names_of(name) == [name]
    assert names_of(f"-2*{name} + ({name} - l1*.5e-1)/3") == sorted({name, "l1"})


def test_stars_of_a_unit_and_of_a_product():
    assert names_of("2*logits:* * 3") == ["logits:*"]
    assert names_of("logits:1*2") == ["logits:1"]
    assert names_of("logits:*+tv") == ["logits:*", "tv"]


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("direction(a, v.npy)", ["v.npy"]),
        ("tv - 2*direction( a.0 , ~/a-b/v 1.npy , 2 ) + direction(b,/c/w.npy)", ["~/a-b/v 1.npy", "/c/w.npy"]),
        ("direction (a, v.npy) + nonsense(", ["v.npy"]),
        ("a:[1,2] + layer(direction) - neuron(a:3)", []),
        ("direction(a) + direction(a, )", []),
    ],
)
def test_files_are_those_of_directions(text: str, files: list[str]):
    assert find_files(text) == files


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("value -", "'value -' is no expression: something should follow; there are numbers"),
        ("__import__('os')", r"'__import__\('os'\)' in .* is not understood"),
        ("value.exp()", r"'value.exp\(\)' in .* is not understood; there are numbers, names, .*, norm, dot, cosine"),
        (
            "2 * sine(value)",
            r"'sine\(value\)' in '2 \* sine\(value\)' is not understood; did you mean sin or cosine\?",
        ),
        ("value + norm", r"'norm' in 'value \+ norm' is not understood; norm\(…\) is a function"),
        ("[value for value in gradient]", "is not understood"),
        ("'text'", "is not understood"),
        ("value * (1 + x0", r"'\(1 \+ x0' in .* is not understood \('\(' was never closed\)"),
        ("value target", "'target' in 'value target' is not understood"),
        ("value − target", "'− target' in .* is not understood"),
        ("2 * (value ^ 2)", r"'value \^ 2' in .* is not understood; there are numbers, names, \+ - \* / \*\*"),
        ("value, target", "'value, target' in 'value, target' is not understood"),
        ("value\n# of the field\n- target", "'# of the field - target' in .* is not understood"),
        ("value if target else 1", "'value if target else 1' in .* is not understood"),
    ],
)
def test_what_is_no_expression_is_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message) as error:
        read(text)
    assert "\n" not in str(error.value)
