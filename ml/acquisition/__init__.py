"""Which images to label next: uncertainty, diversity, batches, forecasts. Pure functions on numpy arrays."""
