"""WADO-RS-like routes: metadata and frames, straight from the index made at ingest."""
