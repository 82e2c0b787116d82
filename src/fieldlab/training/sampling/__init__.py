"""Which training samples each step sees, and how much each of them counts: uniform, by error, by gradient."""
