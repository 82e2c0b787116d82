"""What counts of the settings of a visualisation that are no constructor's. Imports nothing heavy."""

from collections.abc import Mapping
from typing import Annotated, Any

from fieldlab.config.files import Content, File, digest, digest_file
from fieldlab.config.schema import Node
from fieldlab.expressions import find_files


def digest_objective(text: str) -> list[str | None]:
    """The text, and the content of the files of directions in it."""
    return [text, *(digest_file(file) for file in find_files(text))]


def digest_canvas(canvas: Mapping[str, Any]) -> Any:
    """The canvas, with the content of the picture that it starts from."""
    return digest({**canvas, "start": digest_file(canvas.get("start"))})


Text = Annotated[str, Content(digest_objective)]
CanvasNode = Annotated[Node, Content(digest_canvas)]
Photos = Mapping[str, File]
