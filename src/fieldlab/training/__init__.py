"""Training: the LightningModule, its batches and its optimisation."""
