"""The committed answers of studies."""

from pathlib import Path


def test_every_committed_answer_links_its_notes():
    for folder in (Path(__file__).parents[2] / "experiments").iterdir():
        text = (folder / "README.md").read_text()
        assert ("[NOTES.md](NOTES.md)" in text) == (folder / "NOTES.md").exists()
        assert "[table.csv](table.csv)" in text
