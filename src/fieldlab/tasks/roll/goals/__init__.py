"""Goals: the losses that rolled pictures should minimise."""
