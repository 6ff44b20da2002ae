"""The queue, training runs, models, scores, predictions."""
