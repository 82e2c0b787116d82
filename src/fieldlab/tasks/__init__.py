"""Tasks: what is asked of a field, as LightningModules."""
