"""The `fieldlab-report` command."""

import argparse
import sys
from pathlib import Path

from fieldlab.cli.run import guard


def main() -> None:
    """Console entry. Exit codes: 0 ok, 2 bad input."""
    parser = argparse.ArgumentParser(
        prog="fieldlab-report",
        description="Tables and figure of a study, from its result.json files alone, finished or not.",
        epilog="example: fieldlab-report runs/psnr_table --to experiments/psnr_table",
    )
    parser.add_argument("folder", type=Path, help="a study's folder, like runs/psnr_table")
    parser.add_argument("--to", type=Path, help="also write README.md, table.csv and figure.png there")
    parser.add_argument("--without-photos", action="store_true", help="a figure of error maps and curves alone")
    arguments = parser.parse_args()

    def action() -> None:
        from fieldlab.report.study import report

        print(report(arguments.folder, arguments.to, photos=not arguments.without_photos))

    sys.exit(guard(action))
