"""fieldlab: which coordinate encoding, network and optimiser represents this signal best, and by how much?"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fieldlab.run import compose, fit
    from fieldlab.weights import load

__version__ = "0.1.0"
__all__ = ["compose", "fit", "load"]


def __getattr__(name: str) -> Any:
    """Import torch only when it is asked for: `fieldlab --help` must not wait for it."""
    if name == "load":
        from fieldlab.weights import load

        return load
    if name in ("compose", "fit"):
        from fieldlab import run

        return getattr(run, name)
    raise AttributeError(f"module 'fieldlab' has no attribute {name!r}")
