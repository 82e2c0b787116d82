"""The reference of the site, written from conf/ and from docstrings: a page of Markdown each, by where it stands."""

from reference.commands import write_commands
from reference.docstrings import write_api
from reference.tasks import write_groups


def write_pages() -> dict[str, str]:
    """Every page of the reference, by its place in the site."""
    return {**write_groups(), "reference/commands.md": write_commands(), "reference/python.md": write_api()}
