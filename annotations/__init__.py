"""Label schema, annotations, immutable versions, review and agreement."""
