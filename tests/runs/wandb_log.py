"""Read an offline Weights & Biases log back: records in leveldb's framing."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from wandb.proto.wandb_internal_pb2 import Record

FILE_HEADER, BLOCK, CHUNK_HEADER = 7, 32 * 1024, struct.Struct("<IHB")
FULL, FIRST, LAST = 1, 2, 4


def records(file: Path, patience: float = 30) -> list[Record]:
    """Every record of a finished run. W&B's service writes on after `finish` has returned: wait for the last one."""
    end = time.monotonic() + patience
    while True:
        found = list(parse(file.read_bytes()))
        if any(record.HasField("exit") for record in found) or time.monotonic() > end:
            return found
        time.sleep(0.05)


def parse(data: bytes) -> Iterator[Record]:
    """Every record so far; a chunk's kind says whether it is whole, or the first, a middle or the last part."""
    at, parts = FILE_HEADER, b""
    while at + CHUNK_HEADER.size <= len(data):
        if BLOCK - at % BLOCK < CHUNK_HEADER.size:
            at += BLOCK - at % BLOCK
            continue
        _, length, kind = CHUNK_HEADER.unpack_from(data, at)
        payload = data[at + CHUNK_HEADER.size : at + CHUNK_HEADER.size + length]
        if len(payload) < length:
            return
        at += CHUNK_HEADER.size + length
        parts = payload if kind in (FULL, FIRST) else parts + payload
        if kind in (FULL, LAST):
            yield Record.FromString(parts)


def items(update: object) -> dict[str, object]:
    """Keys and values of a history or summary record."""
    pairs = ((item.key or ".".join(item.nested_key), json.loads(item.value_json)) for item in update)  # type: ignore[attr-defined]
    return dict(pairs)


def history(file: Path) -> list[dict]:
    return [items(record.history.item) for record in records(file) if record.HasField("history")]


def summary(file: Path) -> dict:
    found: dict = {}
    for record in records(file):
        if record.HasField("summary"):
            found |= items(record.summary.update)
    return found


def run(file: Path) -> object:
    return next(record.run for record in records(file) if record.HasField("run"))
