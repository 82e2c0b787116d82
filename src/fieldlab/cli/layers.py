"""The `fieldlab-layers` command: the layers of a model."""

import argparse
import sys
from collections.abc import Mapping

from fieldlab.cli.run import guard
from fieldlab.config.compose import compose, settle


def main() -> None:
    """Console entry. Exit codes: 0 ok, 2 bad input."""
    parser = argparse.ArgumentParser(
        "fieldlab-layers",
        description="The layers of a model by the names that objectives take, and the shape of what each answers.",
        epilog="fieldlab-layers          the texture network's;   fieldlab-layers model=torchvision model.name=resnet50",
    )
    parser.add_argument(
        "overrides", nargs="*", metavar="model=… model.KEY=VALUE", help="as for fieldlab; model=texture by default"
    )
    overrides = parser.parse_args().overrides
    sys.exit(guard(lambda: print(list_layers(overrides))))


def list_layers(overrides: list[str]) -> str:
    """A line for each layer, in the order in which they answer."""
    from fieldlab.classifiers.layers import shapes
    from fieldlab.tasks.visualize.build import build_model

    model = build_model(settle(compose("task=visualize", *overrides))["model"])
    kinds = {name: type(module).__name__ for name, module in model.network.named_modules()}
    kinds[""] = "the model's answer"
    rows = [(name, " x ".join(map(str, shape)), kind_of(name, kinds)) for name, shape in shapes(model).items()]
    wide, shaped = (max(len(row[i]) for row in rows) for i in (0, 1))
    size = " x ".join(map(str, (model.channels, *model.size)))
    lines = [f"{name:{wide}}  {shape:>{shaped}}  {kind}" for name, shape, kind in rows]
    return "\n".join([f"{model.name}, for images of {size}:", *lines])


def kind_of(name: str, kinds: Mapping[str, str]) -> str:
    """The kind of the module whose answer, or one tensor of whose answer, has this name."""
    return kinds[name] if name in kinds else kind_of(name.rpartition(".")[0], kinds)
