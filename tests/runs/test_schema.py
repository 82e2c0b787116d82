"""The JSON Schema of result.json: that of the code, and kept by what runs write."""

import json
import runpy
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

import fieldlab.cli.report
from conftest import SMALL, Command

SCHEMA = json.loads(files("fieldlab.runs").joinpath("result.schema.json").read_text())
SCRIPT = Path(__file__).parents[2] / "scripts/schema.py"


def test_it_is_written_from_the_code():
    assert runpy.run_path(str(SCRIPT))["describe"]() == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "overrides",
    [
        (*SMALL, "compile=false"),
        (*SMALL, "compile=false", "optimizer.lr=1e30", "steps=40"),
        ("task=kernel", "signal.size=24"),
    ],
    ids=["finished", "diverged", "measured"],
)
def test_results_keep_it(overrides: tuple[str, ...], command: Command):
    command(*overrides, "logger=none")
    [file] = Path("runs").glob("*/*/result.json")
    result = json.loads(file.read_text())
    jsonschema.validate(result, SCHEMA)
    for wrong in ({"scores": {"test_psnr": "high"}}, {"status": "fine"}, {"seed": None}, {"format": 2}, {"sedd": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(result | wrong, SCHEMA)


def test_the_report_prints_it(script):
    code, out, _ = script("fieldlab-report", fieldlab.cli.report.main)("--schema")
    assert (code, json.loads(out)) == (0, SCHEMA)
