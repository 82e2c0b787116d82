"""The committed answers of studies."""

from pathlib import Path


def test_every_committed_answer_links_its_notes():
    for readme in (Path(__file__).parents[2] / "experiments").glob("*/README.md"):
        folder, text = readme.parent, readme.read_text()
        assert ("[NOTES.md](NOTES.md)" in text) == (folder / "NOTES.md").exists()
        assert "[table.csv](table.csv)" in text
