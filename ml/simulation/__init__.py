"""Replays labelled data with an oracle in place of the annotator."""
