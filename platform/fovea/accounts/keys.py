"""Secrets that are shown once and stored as a hash: API tokens and one-time links."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_PREFIX = "fov_"  # noqa: S105 - what tokens begin with, so that scanners for leaked secrets know them


def make_key(prefix: str = "") -> str:
    """A new secret: `prefix` and 32 random bytes in URL-safe letters."""
    return prefix + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """What is stored of it: SHA-256 in hex. (No slow hash is needed for 256 random bits.)"""
    return hashlib.sha256(key.encode()).hexdigest()
