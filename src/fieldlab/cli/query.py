"""The `fieldlab-query` command."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fieldlab.cli.run import guard
from fieldlab.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from fieldlab.fitted.query import Query

FRAME_SECONDS = 0.1  # of a volume that is no film
EXAMPLES = """examples:
  fieldlab-query runs/fit/siren-camera-s0-12345678 --at 1.2,200.5 --at 17,80
  fieldlab-query runs/fit/siren-camera-s0-12345678 --size 1024x1024 --out big.png
  fieldlab-query runs/fit/siren-camera-s0-12345678 --size 512x512 --region 60,100,124,164 --compare --out eye.png
  fieldlab-query runs/fit/siren-camera-s0-12345678 --derivatives --out derivatives.png
  fieldlab-query runs/fit/siren-voice-s0-12345678 --size 96000 --out voice.wav
  fieldlab-query runs/fit/siren-torus_knot-s0-12345678 --mesh knot.ply --resolution 512
"""


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fieldlab-query",
        description="Ask a fitted field for any place and any resolution.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="a fit's folder")
    parser.add_argument(
        "--at", action="append", default=[], metavar="ROW,COL",
        help="print the values there; an integer is a pixel's centre; give it again for more places; of a shape X,Y,Z",
    )  # fmt: skip
    parser.add_argument("--size", metavar="HxW", help="render at this many samples")
    parser.add_argument(
        "--region", metavar="TOP,LEFT,BOTTOM,RIGHT", help="only these pixels, by their edges (default: all)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where to: .png (or another picture), .npy, of a sound .wav, of frames .gif",
    )
    parser.add_argument(
        "--derivatives", nargs="?", const="hue", choices=("hue", "axes"),
        help="render value, gradient and Laplacian above the photo's own: the gradient's direction as hue (the default) or by axes",
    )  # fmt: skip
    parser.add_argument(
        "--compare", action="store_true", help="cubic interpolation of the training samples beside it"
    )
    parser.add_argument(
        "--mesh", type=Path, metavar="FILE", help="write a shape's surface: .ply, .obj, .off, .stl, .glb"
    )
    parser.add_argument(
        "--resolution", type=int, metavar="N", help="cells a side at which a surface is extracted (default: 256)"
    )
    return parser


def main() -> None:
    """Console entry. Exit codes: 0 ok, 2 bad input."""
    arguments = make_parser().parse_args()
    sys.exit(guard(lambda: answer(arguments)))


def answer(arguments: argparse.Namespace) -> None:
    """Print values, render, or both."""
    from fieldlab.runs.result import read_result

    if read_result(arguments.folder).centre is not None:
        return answer_of_shape(arguments)
    if arguments.mesh or arguments.resolution:
        raise InputError(f"{arguments.folder}: is no fit of a shape; --mesh and --resolution ask for surfaces")
    return answer_of_grid(arguments)


def answer_of_shape(arguments: argparse.Namespace) -> None:
    """Print distances, write the surface, or both."""
    if arguments.size or arguments.region or arguments.out or arguments.derivatives or arguments.compare:
        raise InputError(f"{arguments.folder}: is the fit of a shape; ask --at X,Y,Z or --mesh FILE")
    if not arguments.at and arguments.mesh is None:
        raise InputError("nothing asked: give --at X,Y,Z or --mesh FILE")
    resolution = 256 if arguments.resolution is None else arguments.resolution
    if resolution < 8:
        raise InputError(f"--resolution: {resolution} should be at least 8")
    places = [parse_numbers(text, "--at") for text in arguments.at]
    if any(len(place) != 3 for place in places):
        raise InputError("--at: a shape needs X,Y,Z")
    from fieldlab.fitted.shape import Shape, describe_mesh, save_mesh

    shape = Shape(arguments.folder)
    if places:
        for text, distance in zip(arguments.at, shape.distance(places).tolist(), strict=True):
            print(f"{text}: {distance:.6g}")
    if arguments.mesh is not None:
        mesh = shape.mesh(resolution)
        save_mesh(mesh, arguments.mesh)
        print(f"{arguments.mesh}: {describe_mesh(mesh)}")


def answer_of_grid(arguments: argparse.Namespace) -> None:
    """Print values, render, or both."""
    if not arguments.at and not arguments.size and not arguments.derivatives:
        raise InputError("nothing asked: give --at ROW,COL or --size HxW --out FILE")
    if arguments.derivatives and (arguments.compare or arguments.region):
        raise InputError("--derivatives: shows all of the picture beside its own derivatives, without a region")
    if arguments.derivatives and arguments.out is None:
        raise InputError("--derivatives: needs --out FILE")
    if not arguments.derivatives and (arguments.size is None) != (arguments.out is None):
        raise InputError("--size and --out belong together: --size 1024x1024 --out big.png")
    places = [parse_numbers(text, "--at") for text in arguments.at]
    size = [int(n) for n in parse_numbers(arguments.size, "--size", "x", int)] if arguments.size else None
    region = parse_numbers(arguments.region, "--region") if arguments.region else None
    from fieldlab.fitted.query import Query

    query = Query(arguments.folder)
    if places:
        for text, value in zip(arguments.at, query.at(places), strict=True):
            print(f"{text}: {' '.join(f'{v:.6g}' for v in value.tolist())}")
    if arguments.derivatives:
        render_derivatives(query, size, arguments.derivatives == "axes", arguments.out)
        print(arguments.out)
    elif size is not None:
        render(query, size, region, arguments.out, arguments.compare)
        print(arguments.out)


def render_derivatives(query: "Query", size: list[int] | None, by_axis: bool, out: Path) -> None:
    """Write a sheet: the field's value, gradient and Laplacian, and below them the photo's own."""
    from fieldlab.fitted.derivatives import save_derivatives
    from fieldlab.operators import gradient, laplacian, value

    if len(query.grid) != 2 or (size is not None and (len(size) != 2 or min(size) < 1)):
        raise InputError("--derivatives: shows pictures, signals on a grid of two axes")
    shape = size or list(query.grid)
    fitted = {operator.__name__: query.render(shape, operator=operator) for operator in (value, gradient, laplacian)}
    try:
        save_derivatives(out, {query.result.field: fitted, "photo": query.of_signal()}, by_axis=by_axis)
    except (OSError, ValueError) as error:
        raise InputError(f"--out {out}: cannot be written ({error})") from error


def render(query: "Query", size: list[int], region: list[float] | None, out: Path, compare: bool) -> None:
    """Write the rendering, and with `compare` cubic interpolation to its right, or after it."""
    import numpy as np
    from PIL import Image

    from fieldlab.signals.pictures import picture

    if len(size) != len(query.grid) or min(size) < 1:
        raise InputError(f"--size: needs {len(query.grid)} positive numbers joined by x, one for each axis")
    shown = [query.render(size, region)]
    if compare:
        shown.append(query.bicubic(size, region))
    values = np.concatenate(shown, axis=len(size) - 1)
    try:
        if out.suffix == ".npy":
            np.save(out, values[..., 0] if values.shape[-1] == 1 else values)
        elif out.suffix == ".wav" or (out.suffix == ".gif" and len(size) == 3):
            write_media(query, values, size[0], region, out)
        else:
            low, high = query.result.span or (0.0, 1.0)
            Image.fromarray(picture(((values - low) / (high - low)).clip(0, 1))).save(out)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"--out {out}: cannot be written ({error})") from error


def write_media(query: "Query", values: "np.ndarray", size: int, region: list[float] | None, out: Path) -> None:
    """Write a sound of floats, or an animation, that takes as long as the signal's own part does."""
    from fieldlab.signals.medium import Animation, Waveform

    if out.suffix == ".wav" and (values.ndim > 2 or query.result.duration is None):
        raise InputError(f"--out {out}: is for the fit of a sound, signal=sound; take .npy")
    (low, high), whole = query.edges(region)[0], query.result.grid[0]
    seconds = (query.result.duration or FRAME_SECONDS * whole) * (high - low) / whole
    if out.suffix == ".wav":
        Waveform(size, max(1, round(size / seconds)), 0).save(out, values)
    else:
        low, high = query.result.span or (0.0, 1.0)
        Animation((1000 * seconds / size,) * size).save(out, (values - low) / (high - low))


def parse_numbers(text: str, flag: str, separator: str = ",", kind: type = float) -> list[float]:
    """`1.2,200.5` as numbers."""
    try:
        return [kind(part) for part in text.split(separator)]
    except ValueError as error:
        raise InputError(f"{flag}: {text} should be numbers joined by '{separator}'") from error
