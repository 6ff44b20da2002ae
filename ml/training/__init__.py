"""Training, evaluation and the run folder."""
