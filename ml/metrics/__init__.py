"""How good a model is, and how far people agree: pure functions on numpy arrays."""
