"""What a person may set for `make up`. Django's own settings read the same names again, in settings/base.py."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import LaunchError

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Options:
    """The launcher's view of the environment."""

    home: Path
    host: str
    port: int
    demo: bool
    database_url: str  # empty: the embedded PostgreSQL
    broker_url: str  # empty: pgmq:// on the database

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the site."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def queues_in_database(self) -> bool:
        """Whether the broker is PGMQ, so that its tables must be there."""
        return not self.broker_url or self.broker_url.startswith("pgmq:")

    def child_environment(self) -> dict[str, str]:
        """The environment of the processes around the database; source roots first, whatever was installed."""
        paths = [str(ROOT / "platform"), str(ROOT), os.environ.get("PYTHONPATH", "")]
        return {
            **os.environ,
            "FOVEA_HOME": str(self.home),
            "FOVEA_HOST": self.host,
            "FOVEA_PORT": str(self.port),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONUNBUFFERED": "1",
        }


def read(environment: Mapping[str, str] = os.environ) -> Options:
    """Options from the environment. Raises LaunchError when FOVEA_PORT is no port number."""
    port = environment.get("FOVEA_PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise LaunchError(f"FOVEA_PORT is {port!r}; it must be a number from 1 to 65535.")
    return Options(
        home=Path(environment.get("FOVEA_HOME") or ROOT / ".fovea").expanduser().resolve(),
        host=environment.get("FOVEA_HOST") or "127.0.0.1",
        port=int(port),
        demo=environment.get("FOVEA_DEMO", "1") not in ("0", "false", "no"),
        database_url=environment.get("DATABASE_URL", ""),
        broker_url=environment.get("CELERY_BROKER_URL", ""),
    )
