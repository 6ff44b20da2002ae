"""People, API tokens, roles, and the one permission table."""
