"""Who runs PostgreSQL: it refuses root, so root lends it an unprivileged account."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import LaunchError

_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Identity:
    """The account of the database processes. `switch` is false when it is already our own."""

    name: str
    uid: int
    gid: int
    switch: bool

    def spawn_options(self) -> dict[str, Any]:
        """Keyword arguments that make `subprocess` drop to this account, without any extra group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        """Give `path` to this account (nothing to do when it is ours anyway)."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def current() -> Identity:
    """The account PostgreSQL shall run as: our own, or for root `postgres` where it exists, else `nobody`.

    Raises LaunchError when we are root and neither account exists.
    """
    uid = os.geteuid()
    if uid != 0:
        return Identity(_name_of(uid), uid, os.getegid(), switch=False)
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(name, entry.pw_uid, entry.pw_gid, switch=True)
    raise LaunchError(
        "PostgreSQL refuses to run as root and there is no account `postgres` or `nobody`; "
        "add one (useradd --system postgres) or run as a plain user."
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # containers often run under a number without a name
        return str(uid)
