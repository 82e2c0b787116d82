"""Configurations: composed, made into objects, and told apart by what determines results."""
