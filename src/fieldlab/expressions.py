"""Expressions: `laplacian + k**2 * value` as text in YAML, made a function of operators and data."""

import ast
import math
from collections.abc import Callable

import torch
from torch import Tensor

AXES: tuple[str, ...] = ("x0", "x1", "x2")  # a coordinate by itself, [*n, 1]
CONSTANTS = {"pi": math.pi}
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "norm": lambda v: torch.linalg.vector_norm(v, dim=-1),
    "dot": lambda v, w: (v * w).sum(-1),
    "cosine": lambda v, w: torch.cosine_similarity(v, w, dim=-1),
    **{function.__name__: function for function in (torch.abs, torch.exp, torch.sqrt, torch.sin, torch.cos)},
}
ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Call, ast.Name, ast.Load, ast.Constant,
    ast.Subscript, ast.Tuple, ast.Slice,
)  # fmt: skip


class Expression:
    """Arithmetic on names: numbers, + - * / **, [..., i], and the functions norm, dot, cosine, abs, exp, sqrt, sin, cos.

    `names` are those whose values a call must be given. norm, dot and cosine are taken over the last axis.

    Raises:
        ValueError: text that is no such expression.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            tree = ast.parse(text, mode="eval")
        except SyntaxError as error:
            raise ValueError(f"'{text}' is no expression ({error.msg})") from error
        for node in ast.walk(tree):
            strange = not isinstance(node, ALLOWED) or (
                isinstance(node, ast.Constant) and not isinstance(node.value, int | float | type(...))
            )
            if strange or (isinstance(node, ast.Call) and called(node) not in FUNCTIONS):
                known = f"numbers, names, + - * / **, [...], {', '.join(FUNCTIONS)}"
                raise ValueError(f"'{ast.unparse(node)}' in '{text}' is not understood; there are {known}")
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.names = sorted(used - FUNCTIONS.keys() - CONSTANTS.keys())
        # a lambda, and not eval at each step: torch.compile looks into it; names are its arguments, and calls have been looked at above,
        # so that no builtin can be reached, though they must be there: anomaly detection imports from within this frame
        code = compile(f"lambda {', '.join(self.names)}: {text.strip()}", "<expression>", "eval")
        self.function: Callable[..., Tensor] = eval(code, {**FUNCTIONS, **CONSTANTS})

    def __call__(self, *values: Tensor) -> Tensor:
        """The expression where `names` have these values."""
        return self.function(*values)


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) and not node.keywords else ""
