"""Tasks: kinds of work, a folder each."""
