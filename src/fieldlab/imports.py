"""Imports: a torchvision that was built for another torch counts as not installed. Imports nothing heavy."""

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.metadata import Distribution, DistributionFinder, PackageNotFoundError, version

from fieldlab.errors import first_line

NAME = "torchvision"
INDEX = "https://download.pytorch.org/whl"  # of the builds without CUDA, and with each version of it


class Torchvision(MetaPathFinder):
    """Hides a torchvision that cannot be imported, from importers and from those that ask for its version.

    torchmetrics, and with it Lightning, imports torchvision wherever one is installed, and so one that was built for another
    torch would end every fit in its traceback, of which hardly any needs it.
    """

    def __init__(self) -> None:
        self.fault: str | None = None  # not known yet

    def find_fault(self) -> str:
        """Why torchvision cannot be imported, and what to do about it; nothing where it can, or is not installed."""
        if self.fault is None:
            self.fault = ""  # while it is being found out
            try:
                import_module(NAME)
            except Exception as error:  # whatever a library that does not fit says
                if not (isinstance(error, ModuleNotFoundError) and error.name == NAME):
                    self.fault = explain_fault(error)
        return self.fault

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == NAME and self.fault:
            raise ModuleNotFoundError(self.fault, name=NAME)

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterable[Distribution]:
        if context is not None and context.name == NAME and self.find_fault():
            raise PackageNotFoundError(NAME)
        return []


def explain_fault(error: Exception) -> str:
    """One line: which versions do not fit, and the commands that bring a pair that does."""
    torch = version("torch")
    build = torch.partition("+")[2]
    index = f" --index-url {INDEX}/{build}" if build else ""
    return (
        f"torchvision {version(NAME)} does not work with torch {torch} ({first_line(error)}); the two must come from one"
        f" index: pip uninstall -y torchvision && pip install torch=={torch} torchvision{index}"
    )


TORCHVISION = Torchvision()
sys.meta_path.insert(0, TORCHVISION)
