"""Training: the LightningModule, what it is fed with and how it descends."""
