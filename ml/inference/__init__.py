"""A trained model at work: passes, scoring the pool, predictions to pre-fill."""
