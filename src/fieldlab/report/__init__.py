"""Report: fits -> tables and pictures."""
