"""The `fieldlab-colors` command: the colours of one's own photos, decorrelated, as a configuration."""

import argparse
import sys
from pathlib import Path

import yaml

from fieldlab.cli.run import guard


def main() -> None:
    """Console entry. Exit codes: 0 ok, 2 bad input."""
    parser = argparse.ArgumentParser(
        "fieldlab-colors",
        description="Learn by principal components which colours vary independently in photos, for canvases:"
        " canvas/colors=NAME afterwards.",
        epilog="fieldlab-colors photos/ --name mine;   without PHOTOS: those that scikit-image brings",
    )
    parser.add_argument("photos", nargs="*", metavar="PHOTOS", help="pictures, and folders of pictures")
    parser.add_argument("--name", default="mine", help="what the colours are called (default: mine)")
    parser.add_argument(
        "--to", type=Path, default=Path("conf"), help="the folder of your configuration (default: conf)"
    )
    options = parser.parse_args()
    sys.exit(guard(lambda: print(learn(options.photos, options.name, options.to))))


def learn(photos: list[str], name: str, to: Path) -> str:
    """Write TO/canvas/colors/NAME.yaml, and return what was found as text.

    Raises:
        InputError: a picture that cannot be read, a folder without any, pictures that are all grey.
    """
    import torch

    from fieldlab.atomic import write_atomically
    from fieldlab.config.compose import compose
    from fieldlab.errors import InputError
    from fieldlab.signals.photos import read_photos
    from fieldlab.tasks.visualize.canvases.colors import learn_colors

    if not name.isidentifier():
        raise InputError(f"--name {name}: should be a word of letters, digits and underscores")
    paths = {f"{i}": path for i, path in enumerate(photos)} or dict(compose("task=visualize").photos)
    pictures = read_photos(paths, "photos", channels=3, size=None)
    coloured = {key: p for key, p in pictures.items() if not torch.equal(p[0], p[1]) or not torch.equal(p[1], p[2])}
    if not coloured:
        raise InputError(f"photos: all {len(pictures)} are grey, and say nothing of colours")
    try:
        matrix, mean = learn_colors([picture.flatten(1).T for picture in coloured.values()])
    except ValueError as error:
        raise InputError(f"photos: {error}") from error
    file = to / "canvas" / "colors" / f"{name}.yaml"
    settings = {
        "name": name,
        "_target_": "fieldlab.tasks.visualize.canvases.colors.Colors",
        "matrix": [[round(value, 6) for value in row] for row in matrix.tolist()],
        "mean": [round(value, 6) for value in mean.tolist()],
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(settings, sort_keys=False, default_flow_style=None)
        write_atomically(
            file, f"# Learned from {len(coloured)} photos, by principal components (fieldlab-colors)\n{text}"
        )
    except OSError as error:
        raise InputError(f"--to {to}: cannot be written ({error.strerror})") from error
    rows = "\n".join("  " + "  ".join(f"{value:8.4f}" for value in row) for row in matrix.tolist())
    return (
        f"Learned from {len(coloured)} coloured photos of {len(pictures)}:\n{rows}\n{file}: take it with"
        f" fieldlab task=visualize canvas/colors={name}"
    )
