"""fieldlab: which coordinate encoding, network and optimiser represents this signal best, and by how much?"""

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import fieldlab.imports  # noqa: F401  # before anything imports torchmetrics

if TYPE_CHECKING:
    from fieldlab.configuration import compose
    from fieldlab.packs import fit
    from fieldlab.query.fitted import Query
    from fieldlab.query.shape import Shape
    from fieldlab.report.table import table
    from fieldlab.weights import load

__all__ = ["Query", "Shape", "compose", "fit", "load", "table"]

HOMES = {
    "Query": "fieldlab.query.fitted",
    "Shape": "fieldlab.query.shape",
    "compose": "fieldlab.configuration",
    "fit": "fieldlab.packs",
    "load": "fieldlab.weights",
    "table": "fieldlab.report.table",
}


def __getattr__(name: str) -> Any:
    """Import torch only when it is asked for: `fieldlab --help` must not wait for it."""
    if name == "__version__":
        return version("fieldlab")
    if name not in HOMES:
        raise AttributeError(f"module 'fieldlab' has no attribute {name!r}")
    return getattr(importlib.import_module(HOMES[name]), name)
