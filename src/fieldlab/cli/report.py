"""The `fieldlab-report` command."""

import argparse
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from fieldlab.cli.run import SOME_FAILED, guard


class PrintSchema(argparse.Action):
    """An option that ends the command as --help does."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(nargs=0, **settings)

    def __call__(self, *_: object) -> None:
        print(files("fieldlab.runs").joinpath("result.schema.json").read_text(), end="")
        sys.exit(0)


def main() -> None:
    """Console entry. Exit codes: 0 ok, 1 --verify finds another score, or a run that cannot be evaluated, 2 bad input."""
    parser = argparse.ArgumentParser(
        prog="fieldlab-report",
        description="Tables and figure of a study, from its result.json files alone, finished or not.",
        epilog="examples: fieldlab-report runs/psnr_table --to experiments/psnr_table; fieldlab-report runs/psnr_table --verify",
    )
    parser.add_argument("folder", type=Path, help="a study's folder, like runs/psnr_table")
    parser.add_argument("--to", type=Path, help="also write README.md, table.csv and figure.png there")
    parser.add_argument("--without-photos", action="store_true", help="a figure of error maps and curves alone")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="write nothing; evaluate what the runs left anew, and say where a score is another (exit code 1)",
    )
    parser.add_argument("--schema", action=PrintSchema, help="print the JSON Schema of result.json, and nothing else")
    arguments = parser.parse_args()
    if arguments.verify and (arguments.to or arguments.without_photos):
        parser.error("--verify writes nothing; leave out --to and --without-photos")

    def action() -> None:
        if arguments.verify:
            from fieldlab.report.verify import verify

            text, sound = verify(arguments.folder)
            print(text)
            sys.exit(0 if sound else SOME_FAILED)
        from fieldlab.report.study import report

        print(report(arguments.folder, arguments.to, photos=not arguments.without_photos))

    sys.exit(guard(action))
