"""Write the JSON Schema of result.json anew, once `fieldlab.runs.result.Result` has changed: python scripts/schema.py"""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from fieldlab.runs.result import FORMAT, Result

FILE = Path(__file__).parents[1] / "src/fieldlab/runs/result.schema.json"


def describe() -> dict[str, Any]:
    """The schema of a run's result."""
    schema = TypeAdapter(Result).json_schema()
    schema["properties"]["format"] = {"const": FORMAT, "default": FORMAT, "type": "integer"}
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:fieldlab:result:{FORMAT}"}
    return about | schema | {"additionalProperties": False}


if __name__ == "__main__":
    FILE.write_text(json.dumps(describe(), indent=1) + "\n")
