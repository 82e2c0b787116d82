"""Classifiers: networks to look into."""
