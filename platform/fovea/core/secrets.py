"""Secrets that an installation makes for itself at its first start."""

import os
import secrets
from pathlib import Path


def secret_of(home: Path, name: str) -> str:
    """The installation's secret of that name, made (mode 600) when it is not there yet.

    Two processes that start together agree: the file is linked into place complete, and the first link wins.
    """
    folder = home / "secrets"
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f".{name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its secret is the one
        finally:
            draft.unlink()
    return path.read_text()
