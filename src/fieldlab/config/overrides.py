"""Overrides: what people type, in the quotes that Hydra's grammar wants. Imports nothing heavy."""

import re
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

PLAIN = re.compile(r"[\w./\-+:@$*?|%\\ ]*", re.ASCII)  # characters that mean themselves
FILES = (
    "path",
    "other",
    "mask",
    "start",
    "target",
    "library",
    "folder",
)  # last words of keys whose values name files
STRUCTURE = re.compile(
    r"[\[{'\"]|\w+\(|.*\$\{", re.ASCII
)  # begins a list, a dictionary, a quoted text or a function, or refers


def quote(override: str) -> str:
    """The override as Hydra takes it: objectives, names of files and texts that are not in its grammar get quotes."""
    key, equals, text = override.partition("=")
    if not equals or override.startswith(("-", "~")) or PLAIN.fullmatch(text):
        return override
    if key == "objective":
        return f"{key}={quote_objectives(text)}"
    if is_file_name(text):
        return f"{key}={add_quotes(text)}"
    if is_grammatical(override):
        return override
    always = key.rpartition(".")[2] in FILES or key.lstrip("+").startswith("photos.")
    return f"{key}=" + ",".join(
        part if is_grammatical(f"{key}={part}") else quote_text(part, always) for part in text.split(",")
    )


def quote_objectives(text: str) -> str:
    """`layer4:[1,5] - 0.1*tv` in the quotes without which Hydra reads a list; commas outside of brackets sweep."""
    if not set(text) & set("[(") or text.startswith(("[", '"', "'", "choice(")):
        return text
    balanced = all(text.count(opening) == text.count(closing) for opening, closing in ("[]", "()"))
    parts = re.split(r",(?![^\[]*\]|[^(]*\))", text) if balanced else [text]
    return ",".join(f'"{part.strip()}"' for part in parts)


def quote_text(text: str, always: bool) -> str:
    """The text in quotes, unless it is meant as more than text: Hydra has words for what is wrong with that."""
    return add_quotes(text) if always or is_file_name(text) or not STRUCTURE.match(text) else text


def add_quotes(text: str) -> str:
    """Text as Hydra's override grammar takes it: quotes are escaped, and backslashes only where one follows."""
    return "'" + re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), text) + "'"


def remove_quotes(value: str) -> str:
    """The text that a quoted value stands for."""
    if len(value) < 2 or value[0] != value[-1] or value[0] not in "'\"":
        return value
    return re.sub(rf"(\\*)(\\{value[0]}|$)", lambda found: found[1][::2] + found[2][1:], value[1:-1])


def is_file_name(text: str) -> bool:
    """Whether a file or folder is called exactly so."""
    try:
        return Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # longer than names may be, no name at all, or of nobody's home
        return False


def is_grammatical(override: str) -> bool:
    try:
        OverridesParser.create().parse_overrides([override])
    except HydraException:
        return False
    return True
