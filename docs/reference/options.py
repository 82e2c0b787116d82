"""What conf/ says: groups, their options, the keys of each with defaults and comments. Reads YAML, composes nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

CONF = Path(__file__).parents[2] / "conf"
PACKAGE = re.compile(r"# @package (\S+)")
COMMENT = re.compile(r"(?:^|\s)# ?(.*)")


@dataclass(frozen=True)
class Key:
    """A key as a command line names it, its value in YAML, and the comment behind it."""

    name: str
    value: str
    comment: str
    target: str | None = None  # of a part, what it makes


@dataclass(frozen=True)
class Default:
    """An entry of a defaults list: another file of the same group, or an option of another group."""

    group: str | None
    option: str
    package: str | None

    @property
    def name(self) -> str:
        """The group as a command line names it."""
        here = self.package in (None, "_here_", (self.group or "").replace("/", "."))
        return f"{self.group}" if here else f"{self.group}@{self.package}"


@dataclass(frozen=True)
class Option:
    """A file of conf/. Its keys stand below `place`, dotted, which is empty where they are top-level ones."""

    group: str
    name: str
    place: str
    comment: str
    target: str | None
    defaults: tuple[Default, ...]
    keys: tuple[Key, ...]


def list_options(group: str) -> list[Option]:
    """The options of a group, by name."""
    return [read_option(file) for file in sorted((CONF / group).glob("*.yaml"))]


def read_option(file: Path) -> Option:
    """What a file says."""
    text = file.read_text()
    group = file.parent.relative_to(CONF).as_posix().removeprefix(".")
    package = match[1] if (match := PACKAGE.match(text)) else group.replace("/", ".")
    place = "" if package == "_global_" else package
    root = yaml.compose(text)
    node = root if isinstance(root, yaml.MappingNode) else yaml.MappingNode("", [])
    settings = yaml.safe_load(text) or {}
    prefix = f"{place}." if place else ""
    keys = list_keys(node, text, prefix)
    own = tuple(key for key in keys if not re.match(r"(hydra\.)?defaults\b", key.name.removeprefix(prefix)))
    target, defaults = settings.get("_target_"), tuple(list_defaults(settings, group))
    return Option(group, file.stem, place, find_first_comment(text), target, defaults, own)


def find_first_comment(text: str) -> str:
    """The comment that a file opens with, without the line for Hydra."""
    lines = text.removeprefix("\n").splitlines()
    head = [line for line in lines if not PACKAGE.match(line)]
    count = next((i for i, line in enumerate(head) if not line.startswith("#")), len(head))
    return " ".join(line.removeprefix("#").strip() for line in head[:count])


def list_defaults(settings: dict, group: str) -> Iterator[Default]:
    """The entries of a file's defaults list, `_self_` and overrides of Hydra's own logging apart."""
    for entry in settings.get("defaults", []):
        if isinstance(entry, str):
            if entry != "_self_":
                yield Default(None, entry, None)
            continue
        for name, chosen in entry.items():
            path, _, package = name.removeprefix("override ").partition("@")
            whole = path.removeprefix("/") if path.startswith("/") else f"{group}/{path}".removeprefix("/")
            options = f"[{', '.join(chosen)}]" if isinstance(chosen, list) else str(chosen)
            yield Default(whole, "null" if chosen is None else options, package or None)


def list_keys(node: yaml.MappingNode, text: str, prefix: str) -> Iterator[Key]:
    """The keys below a node, parts before what is theirs."""
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        if key.value in ("_target_", "_partial_", "_recursive_"):
            continue
        if not isinstance(value, yaml.MappingNode) or not value.value:
            yield Key(name, write_value(value, text), "" if node.flow_style else find_comment(key, value, text))
            continue
        target = next((inner.value for own, inner in value.value if own.value == "_target_"), None)
        comment = find_comment(key, key if value.start_mark.line > key.start_mark.line else value, text)
        if target or comment:
            yield Key(name, "", comment, target)
        yield from list_keys(value, text, f"{name}.")


def write_value(node: yaml.Node, text: str) -> str:
    """A value as its file has it, in one line."""
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return f"[{', '.join(write_value(inner, text) for inner in node.value)}]"
    if isinstance(node, yaml.ScalarNode) and node.style in (">", "|"):
        return " ".join(node.value.split())
    return " ".join(text[node.start_mark.index : node.end_mark.index].split())


def find_comment(key: yaml.Node, value: yaml.Node, text: str) -> str:
    """The comment behind a value, or behind the key of one that goes on below it."""
    if value.end_mark.line > key.end_mark.line and not getattr(value, "flow_style", False):
        value = key
    line = text[value.end_mark.index :].partition("\n")[0]
    return match[1].strip() if (match := COMMENT.search(line)) else ""
