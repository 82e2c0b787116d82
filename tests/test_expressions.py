"""Expressions: what they compute, and what they refuse."""

import pytest
import torch

from fieldlab.expressions import Expression


def test_arithmetic_on_names():
    expression = Expression("(laplacian + (2*pi)**2 * value) / 2 - target[..., 0]")
    assert expression.names == ["laplacian", "target", "value"]
    lap, target, value = torch.rand(5), torch.rand(5, 2), torch.rand(5)
    torch.testing.assert_close(expression(lap, target, value), (lap + (2 * torch.pi) ** 2 * value) / 2 - target[:, 0])


def test_functions_are_over_the_last_axis():
    v, w = torch.rand(4, 3), torch.rand(4, 3)
    torch.testing.assert_close(Expression("norm(v) - 1")(v), v.norm(dim=-1) - 1)
    torch.testing.assert_close(Expression("1 - cosine(v, w) + dot(v, w)")(v, w), 1 - (v * w).sum(-1) / v.norm(dim=-1) / w.norm(dim=-1) + (v * w).sum(-1))  # fmt: skip


def test_expressions_bear_anomaly_detection():
    x = torch.rand(4, 3, requires_grad=True)
    with torch.autograd.detect_anomaly(check_nan=True):
        Expression("norm(v) ** 2 - 3 * pi")(x).sum().backward()
    torch.testing.assert_close(x.grad, 2 * x.detach())


def test_no_name_reaches_a_builtin():
    expression = Expression("open + eval")
    assert expression.names == ["eval", "open"]
    assert expression(torch.ones(1), torch.ones(1)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("value -", "'value -' is no expression"),
        ("__import__('os')", r"'__import__\('os'\)' in .* is not understood"),
        ("value.exp()", "is not understood"),
        ("sine(value)", r"'sine\(value\)' in 'sine\(value\)' is not understood; there are numbers"),
        ("[value for value in gradient]", "is not understood"),
        ("'text'", "is not understood"),
    ],
)
def test_what_is_no_expression_is_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        Expression(text)
