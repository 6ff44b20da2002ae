"""Writes: people, sessions, tokens."""

from .links import link_consume, link_create, link_find
from .sessions import password_change, sign_in, sign_out
from .tokens import token_create, token_revoke
from .users import preferences_set, user_create, user_update

__all__ = [
    "link_consume",
    "link_create",
    "link_find",
    "password_change",
    "preferences_set",
    "sign_in",
    "sign_out",
    "token_create",
    "token_revoke",
    "user_create",
    "user_update",
]
