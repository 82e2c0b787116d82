"""Expressions: arithmetic on names as text, `laplacian + 20**2 * value` or `layer4:[1,5] - 0.1*tv`. Imports nothing heavy.

Python parses them. A pattern says what a name looks like: a word in residuals and formulas; in objectives also `layer:units` and
`function(texts)`, which are no Python. Before parsing, one pass replaces every name by underscores, as many as it is long, so that
a place in the tree is a place in the text; afterwards each name in the tree becomes what the text has at its place.
"""

import ast
import math
import re
import traceback
from collections.abc import Callable, Mapping
from keyword import iskeyword
from types import EllipsisType
from typing import Any

from fieldlab.errors import suggest

CALL = re.compile(r"([^\W\d]\w*)\s*\(([^()]*)\)")  # direction(layer3, file.npy)
UNITS = re.compile(r"([\w.]+)\s*:\s*(\*(?!\s*\d)|\[[^\[\]]*\]|[\w.]*)")  # features.0:12, layer4:[1,5-7], logits:*
REFERENCE = re.compile(rf"(?<![\w.])(?:{CALL.pattern}|{UNITS.pattern}|[^\W\d][\w.]*)")  # a name in an objective
WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")

CONSTANTS = {"pi": math.pi}
OPERATIONS = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.FloorDiv, ast.Mod, ast.MatMult, ast.UAdd, ast.USub,
)  # fmt: skip
ORIGIN = "<expression>"  # the file that tracebacks name


class Expression:
    """Arithmetic on names: numbers, pi, + - * / **, [..., i] and calls of `functions`.

    `pattern` is how names are written, and `grammar` tells in errors what would be right. `names` are those whose values a call must
    be given: tensors, or whatever else can be added and scaled.

    Raises:
        ValueError: text that is no such expression.
    """

    def __init__(
        self,
        text: str,
        functions: Mapping[str, Callable[..., Any]],
        *,
        pattern: re.Pattern[str] = WORD,
        grammar: str = "",
    ) -> None:
        self.text = re.sub(r"\s", " ", text.strip())
        self.functions = functions
        self.grammar = grammar or f"there are numbers, names, + - * / **, [...], {', '.join(functions)}"
        tree = self.parse(pattern)
        self.check(tree)
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.names = sorted(used - functions.keys() - CONSTANTS.keys())
        # a lambda, and not eval at each step: torch.compile looks into it; names are its arguments, and calls have been looked at above,
        # so that no builtin can be reached, though they must be there: anomaly detection imports from within this frame
        given = ast.arguments([], [ast.arg(name) for name in self.names], kwonlyargs=[], kw_defaults=[], defaults=[])
        whole = ast.fix_missing_locations(ast.Expression(ast.Lambda(given, tree.body)))
        self.function: Callable[..., Any] = eval(compile(whole, ORIGIN, "eval"), {**functions, **CONSTANTS})

    def __call__(self, *values: Any) -> Any:
        """The expression where `names` have these values."""
        return self.function(*values)

    def parse(self, pattern: re.Pattern[str]) -> ast.Expression:
        """The tree, with names as they are written."""
        hidden = pattern.sub(lambda match: match[0] if iskeyword(match[0]) else "_" * len(match[0]), self.text)
        if "#" in hidden:  # a comment, which would go on to the end of all lines
            raise self.refuse(hidden.index("#"), None)
        try:
            tree = ast.parse(hidden, mode="eval")
        except SyntaxError as error:
            if not error.offset:  # Python's word for the end
                raise ValueError(
                    f"'{self.text}' is no expression: something should follow; {self.grammar}"
                ) from error
            raise self.refuse(error.offset - 1, None, f" ({error.msg}); {self.grammar}") from error
        written = {match.start(): match[0] for match in pattern.finditer(self.text)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = written.get(node.col_offset, node.id)
        return tree

    def check(self, tree: ast.Expression) -> None:
        """Refuse what is not arithmetic, functions that there are not, and those without arguments."""
        called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
        indices = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
        within = {node for index in indices for node in ast.walk(index)}
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.expr)):
            match node:
                case ast.Call(func=ast.Name(id=name), keywords=[]) if name not in self.functions:
                    raise self.refuse(node.col_offset, node.end_col_offset, suggest(name, self.functions))
                case ast.Name(id=name) if name in self.functions and node not in called:
                    raise self.refuse(node.col_offset, node.end_col_offset, f"; {name}(…) is a function")
                case ast.Name() | ast.Subscript() | ast.Constant(value=int() | float()):
                    continue
                case ast.Call(func=ast.Name(), keywords=[]):
                    continue
                case ast.BinOp() | ast.UnaryOp() if isinstance(node.op, OPERATIONS):
                    continue
                case ast.Tuple() | ast.Slice() | ast.Constant(value=EllipsisType()) if node in within:
                    continue
            raise self.refuse(node.col_offset, node.end_col_offset)

    def refuse(self, start: int | None, end: int | None, why: str = "") -> ValueError:
        """The error that names a part of the text."""
        return ValueError(f"'{self.text[start:end]}' in '{self.text}' is not understood{why or f'; {self.grammar}'}")

    def explain(self, error: Exception) -> ValueError:
        """The error that names the part of the text in which a call failed."""
        [*_, last] = (frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == ORIGIN)
        return self.refuse(last.colno, last.end_colno)


def find_files(text: str) -> list[str]:
    """The files that an objective names, `direction(layer, file, power)`, whether or not all of it is understood."""
    calls = [match[2].split(",") for match in REFERENCE.finditer(text) if match[1] == "direction"]
    return [file.strip() for arguments in calls for file in arguments[1:2] if file.strip()]
