"""`python -m fovea.embedded start|stop|status|url [HOME]`: the embedded PostgreSQL from a shell.

HOME defaults to FOVEA_HOME. Exit codes: 0 as wished, 1 failed (one line says why), 3 not running.
"""

import os
import sys

from . import postgres
from .errors import LaunchError


def main(arguments: list[str]) -> int:
    """Do the action named first in `arguments` and return the exit code."""
    action = arguments[0] if arguments else "status"
    home = arguments[1] if len(arguments) > 1 else os.environ.get("FOVEA_HOME", ".fovea")
    try:
        if action == "start":
            postgres.start(home)
        elif action == "stop":
            postgres.stop(home)
        elif action == "url":
            print(postgres.database_url(home) or "")
            return 0
        elif action != "status":
            raise LaunchError(f"Unknown action {action!r}: use start, stop, status or url.")
        running = postgres.status(home)
    except LaunchError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"PostgreSQL {running.version} runs, pid {running.pid}" if running else "PostgreSQL is not running")
    return 0 if running or action == "stop" else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
