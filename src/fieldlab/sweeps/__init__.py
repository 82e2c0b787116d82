"""Sweeps: many runs, checked together, computed in packs wherever there is room."""
