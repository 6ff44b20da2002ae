"""Named architectures with one forward contract, their weights and the model files of a run."""
