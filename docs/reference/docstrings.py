"""What docstrings say, as Markdown; sources are read, and nothing is imported."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from fieldlab import HOMES

SOURCES = Path(__file__).parents[2] / "src"
SETTING = re.compile(r"\"[\w.@/]+=[^\"]+\"|[\w.@/]+=[\w./@+,\[\]-]*[\w\]]")  # as on a command line
API = {  # what is said of the names in a section, methods included or not
    "Fits and what they have become": (True, *(f"{HOMES[name]}.{name}" for name in sorted(HOMES, key=str.swapcase))),
    "Operators": (
        False, *(f"fieldlab.operators.{name}" for name in ("value", "gradient", "value_and_gradient", "hessian", "divergence", "laplacian")),
    ),
    "A task of your own": (
        True, "fieldlab.config.kind.Kind", "fieldlab.runs.task.Task", "fieldlab.runs.measured.MeasuredTask", "fieldlab.runs.trained.TrainedTask",
        "fieldlab.tasks.field_task.FieldTask",
    ),
    "What a task is made of": (
        False, "fieldlab.runs.task.Member", "fieldlab.runs.task.Facts", "fieldlab.runs.task.Exhibit", "fieldlab.runs.scoring.Score",
        "fieldlab.runs.scoring.Scoring",
    ),
    "A signal or a constraint of your own": (
        False, "fieldlab.signals.signal.Signal", "fieldlab.signals.grid.Grid", "fieldlab.signals.cloud.Cloud", "fieldlab.config.files.File",
        "fieldlab.training.constraints.Constraint",
    ),
}  # fmt: skip
Definition = ast.ClassDef | ast.FunctionDef


def write_api() -> str:
    """The page of the Python API."""
    parts = [
        "# Python API",
        "What stands directly below `fieldlab` is there after `import fieldlab`, which loads no torch.",
    ]
    for heading, (methods, *names) in API.items():
        parts += [f"## {heading}", *(part for name in names for part in write_definition(str(name), bool(methods)))]
    return "\n\n".join(part for part in parts if part) + "\n"


def write_definition(name: str, methods: bool) -> Iterator[str]:
    """A class, with its documented methods or without, or a function, or the comment behind an assignment."""
    module, _, leaf = name.rpartition(".")
    shown = f"fieldlab.{leaf}" if HOMES.get(leaf) == module else name
    yield write_title(f"### `{shown}`", leaf)
    found = find(name)
    if found is None:
        yield write_assignment(module, leaf)
        return
    yield fence(write_class(found, module) if is_data(found) else write_call(found))
    yield write_prose(ast.get_docstring(found) or "")
    for method in found.body if methods and isinstance(found, ast.ClassDef) else ():
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_") and ast.get_docstring(method):
            yield f"#### `{method.name}`"
            yield fence(write_call(method))
            yield write_prose(ast.get_docstring(method) or "")


def write_title(heading: str, short: str) -> str:
    """A heading that tables of contents call by a short name."""
    return f'{heading} {{ data-toc-label="{short}" }}'


def fence(text: str) -> str:
    return f"```python\n{text}\n```"


def find(name: str) -> Definition | None:
    """The class or function of this dotted name in fieldlab's sources, or where they import it from."""
    module, _, leaf = name.rpartition(".")
    for node in ast.parse(read_source(module)).body:
        if isinstance(node, Definition) and node.name == leaf:
            return node
        if isinstance(node, ast.ImportFrom):
            names = {alias.asname or alias.name: alias.name for alias in node.names}
            if leaf in names:
                return find(f"{node.module}.{names[leaf]}")
    return None


def read_source(module: str) -> str:
    """The source of a module of fieldlab, or of the package of that name."""
    path = SOURCES.joinpath(*module.split("."))
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()


def describe(target: str | None) -> str:
    """What the docstring of a part of fieldlab says of it, without what it raises; nothing of others' parts."""
    found = find(target) if target and target.startswith("fieldlab.") else None
    return write_prose((ast.get_docstring(found) or "").partition("Raises:\n")[0]) if found else ""


def summarize(target: str | None) -> str:
    """Its first sentence, in one line."""
    first = describe(target).partition("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.;]) (?=[A-Z`\\])", first)[0]


def is_data(found: Definition) -> bool:
    """Whether it is a class that is made without an __init__ of its own."""
    return isinstance(found, ast.ClassDef) and find_constructor(found) is None


def find_constructor(found: ast.ClassDef) -> ast.FunctionDef | None:
    functions = (node for node in found.body if isinstance(node, ast.FunctionDef))
    return next((node for node in functions if node.name == "__init__"), None)


def write_call(found: Definition) -> str:
    """How a function, or the constructor of a class, is called, as its source has it."""
    function = find_constructor(found) if isinstance(found, ast.ClassDef) else found
    assert function is not None
    returns = f" -> {write_code(function.returns)}" if function.returns and function is found else ""
    if any(isinstance(mark, ast.Name) and mark.id == "property" for mark in function.decorator_list):
        return found.name + returns
    arguments = [argument for argument in list_arguments(function) if argument not in ("self", "cls")]
    line = f"{found.name}({', '.join(arguments)}){returns}"
    if len(line) <= 88:
        return line
    return f"{found.name}(\n" + "".join(f"    {argument},\n" for argument in arguments) + f"){returns}"


def list_arguments(function: ast.FunctionDef) -> list[str]:
    """Each argument with its annotation and default; commas inside brackets are none between arguments."""
    arguments = re.split(r", (?![^\[(]*[\])])", write_code(function.args))
    return [re.sub(r"(?<=[\w\]])=(?=[\w\"\[])", " = ", argument) for argument in arguments]


def write_code(node: ast.AST) -> str:
    """Code as a source has it, but that a class named in quotes is one without."""
    return re.sub(r"^'(\w+)'$", r"\1", ast.unparse(node)).replace("'", '"')


def write_class(found: Definition, module: str) -> str:
    """The head of a class, and its fields with the comments behind them."""
    bases = ", ".join(map(ast.unparse, found.bases)) if isinstance(found, ast.ClassDef) else ""
    head = f"class {found.name}({bases})" if bases else f"class {found.name}"
    lines = read_source(module).splitlines()
    fields = [node for node in found.body if isinstance(node, ast.AnnAssign)]
    texts = [textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno])) for node in fields]
    return head + (":\n" + textwrap.indent("\n".join(texts), "    ") if texts else "")


def write_assignment(module: str, leaf: str) -> str:
    """What is assigned, and the comment behind it."""
    line = next(line for line in read_source(module).splitlines() if line.startswith(f"{leaf} = "))
    text, _, comment = line.partition("  # ")
    return f"{fence(text)}\n\n{escape(comment[:1].upper() + comment[1:])}."


def write_prose(docstring: str) -> str:
    """A docstring as Markdown: signs that mean something there escaped, errors as a list."""
    text, _, errors = inspect.cleandoc(docstring).partition("Raises:\n")
    raised = [" ".join(part.split()) for part in re.split(r"\n(?=    \w+:)", errors) if part.strip()]
    pairs = [part.partition(": ") for part in raised]
    listed = "\n".join(f"- `{name}`: {escape(why)}" for name, _, why in pairs)
    return escape(text.strip()) + (f"\n\nRaises:\n\n{listed}" if listed else "")


def escape(text: str) -> str:
    """Text in which nothing is Markdown but code: what stands between backticks, and `key=value`."""
    parts = re.split(r"(`[^`\n]*`)", SETTING.sub(r"`\g<0>`", text) if "`" not in text else text)
    signs = re.compile(r"([\\*_\[\]|#])")
    return "".join(part if part.startswith("`") else signs.sub(r"\\\1", part).replace("<", "&lt;") for part in parts)
