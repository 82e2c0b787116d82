"""PLY files (Turk 1994): elements with properties, some of which are lists, as text or in binary."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Int

TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4", "double": "f8",
    "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4", "float32": "f4",
    "float64": "f8", "int64": "i8", "uint64": "u8",
}  # fmt: skip
ENCODINGS = {"ascii": "<", "binary_little_endian": "<", "binary_big_endian": ">"}

Lists = tuple[np.ndarray, Int[np.ndarray, "n"]]  # what all of them hold in a row, and how many each


@dataclass
class Element:
    """`count` rows of a file, each with a value or a list of values of every property.

    `types` has the properties in the file's order: the type of a value, or those of a list's length and of its values.
    """

    count: int
    types: dict[str, tuple[str, ...]] = field(default_factory=dict)
    values: dict[str, np.ndarray] = field(default_factory=dict)
    lists: dict[str, Lists] = field(default_factory=dict)

    def fill(self, body: bytes, start: int) -> int:
        """Read all rows and return where they end. Lists are taken to be as long as in the first row, if that holds."""
        if not self.count or not self.types:
            return start
        first, _ = self.read_row(body, start)
        layout: list[tuple] = []
        for name, types in self.types.items():
            layout += (
                [(f"length of {name}", types[0]), (name, types[1], first[name].shape)]
                if types[1:]
                else [(name, types[0])]
            )
        row = np.dtype(layout)
        lists = [name for name, types in self.types.items() if types[1:]]
        if start + self.count * row.itemsize <= len(body):
            rows = np.frombuffer(body, row, self.count, start)
            if all((rows[f"length of {name}"] == len(first[name])).all() for name in lists):
                self.values = {name: rows[name] for name in self.types if name not in lists}
                self.lists = {name: (rows[name].ravel(), np.full(self.count, len(first[name]))) for name in lists}
                return start + self.count * row.itemsize
        return self.fill_by_rows(body, start)

    def fill_by_rows(self, body: bytes, start: int) -> int:
        """Read all rows where lists differ in length, and return where they end."""
        found: dict[str, list[np.ndarray]] = {name: [] for name in self.types}
        for _ in range(self.count):
            row, start = self.read_row(body, start)
            for name, values in row.items():
                found[name].append(values)
        for name, parts in found.items():
            together = np.concatenate(parts)
            if self.types[name][1:]:
                self.lists[name] = together, np.array([len(part) for part in parts])
            else:
                self.values[name] = together
        return start

    def read_row(self, body: bytes, start: int) -> tuple[dict[str, np.ndarray], int]:
        """The values of one row, each a list, and where it ends."""
        row = {}
        for name, types in self.types.items():
            length = 1
            if types[1:]:
                length = int(np.frombuffer(body, types[0], 1, start)[0])
                start += np.dtype(types[0]).itemsize
            row[name] = np.frombuffer(body, types[-1], length, start)
            start += row[name].nbytes
        return row, start


def read_ply(file: Path) -> Mapping[str, Element]:
    """A file's elements by their names. Numbers in text are read in double precision, whatever their type.

    Raises:
        ValueError: no such file, or one that ends early.
    """
    head, end, body = file.read_bytes().partition(b"end_header")
    magic, encoding, *lines = [*(line.split() for line in head.decode("latin-1").splitlines()), [], []]
    if not end or magic != ["ply"] or encoding[:1] != ["format"] or encoding[1] not in ENCODINGS:
        raise ValueError("it has no header of a .ply")
    body = body[body.index(b"\n") + 1 :]
    text = encoding[1] == "ascii"
    if text:
        body = np.array(body.split(), dtype="<f8").tobytes()
    elements, start = read_header(lines, "" if text else ENCODINGS[encoding[1]]), 0
    for element in elements.values():
        start = element.fill(body, start)
    return elements


def read_header(lines: Iterable[list[str]], order: str) -> dict[str, Element]:
    """The elements that a header announces, with types of a byte order; all are doubles where there is none."""
    elements: dict[str, Element] = {}
    last = Element(0)
    for line in lines:
        match line:
            case ["element", name, count]:
                last = elements[name] = Element(int(count))
            case ["property", *kinds, name]:
                kinds = kinds[1:] if kinds[0] == "list" else kinds
                last.types[name] = tuple(order + TYPES[kind] if order else "<f8" for kind in kinds)
    return elements
