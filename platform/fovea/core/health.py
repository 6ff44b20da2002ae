"""Alive and ready. Parts that live in apps above register their check; a check says nothing that is secret."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

logger = logging.getLogger(__name__)


class NotReady(Exception):
    """A part cannot do its work now. The text is shown to anybody who asks: no address, no password."""


Check = Callable[[], dict[str, Any]]
_checks: dict[str, Check] = {}


def register_check(name: str, check: Check) -> None:
    """Add a part to `/readyz`. The check returns facts (JSON), or raises NotReady with one line that says what is wrong."""
    _checks[name] = check


def readiness() -> tuple[bool, dict[str, dict[str, Any]]]:
    """(everything is ready, by part: {"ready": bool, …facts or "reason"})."""
    parts = {"database": _ask(_database), "blob_store": _ask(_blob_store)}
    for name, check in _checks.items():
        parts[name] = (
            _ask(check) if parts["database"]["ready"] else {"ready": False, "reason": "needs the database"}
        )
    return all(part["ready"] for part in parts.values()), parts


def _ask(check: Check) -> dict[str, Any]:
    try:
        return {"ready": True, **check()}
    except NotReady as reason:
        return {"ready": False, "reason": str(reason)}
    except Exception as error:  # noqa: BLE001 - whatever a part's client raises, the answer is that it is not ready
        logger.warning("readiness: %s: %s", check.__name__, type(error).__name__)
        return {"ready": False, "reason": "does not answer"}


def _database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {}


def _blob_store() -> dict[str, Any]:
    """A draft can be written and removed."""
    drafts = Path(settings.BLOB_ROOT) / "drafts"
    try:
        drafts.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=drafts) as draft:
            draft.write(b"ready?")
            draft.flush()
    except OSError as error:
        raise NotReady(f"cannot be written: {error.strerror}") from None
    return {}
