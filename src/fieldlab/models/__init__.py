"""Models: networks that are looked into."""
