"""Shapes: surfaces as triangles, how far they are from each other, and what they look like."""
