"""fieldlab: which coordinate encoding, network and optimiser represents this signal best, and by how much?"""

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import fieldlab.imports  # noqa: F401  # before anything imports torchmetrics

if TYPE_CHECKING:
    from fieldlab.config.compose import compose
    from fieldlab.fitted.query import Query
    from fieldlab.fitted.shape import Shape
    from fieldlab.report.table import table
    from fieldlab.sweeps.packs import fit
    from fieldlab.weights import load

__all__ = ["Query", "Shape", "compose", "fit", "load", "table"]

HOMES = {
    "Query": "fieldlab.fitted.query",
    "Shape": "fieldlab.fitted.shape",
    "compose": "fieldlab.config.compose",
    "fit": "fieldlab.sweeps.packs",
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
