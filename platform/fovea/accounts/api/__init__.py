"""REST: the session, oneself, one's tokens, and people."""
