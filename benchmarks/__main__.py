"""`make bench`: frame serving, the next item, scoring, one after the other, on a PostgreSQL of their own where none is given.

python -m benchmarks [NAME …]
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fovea.embedded import postgres

FOLDER = Path(__file__).parent
NAMES = ("frames", "queue", "scoring")


@contextmanager
def database() -> Iterator[dict[str, str]]:
    """The environment with a database in it: the given one, or an embedded one that goes with the run."""
    with tempfile.TemporaryDirectory(prefix="fovea-bench-") as folder:
        home = Path(folder)
        env = {**os.environ, "FOVEA_HOME": str(home)}
        if os.environ.get("DATABASE_URL"):
            yield env
            return
        try:
            yield {**env, "DATABASE_URL": postgres.start(home).url}
        finally:
            postgres.stop(home)


def machine() -> str:
    """Processor, cores and Python, in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def main() -> int:
    """Run the named benchmarks, or all; the first that fails decides the exit status, after all have run."""
    names = sys.argv[1:] or NAMES
    status = 0
    print(f"machine: {machine()}")
    with database() as env:
        for name in names:
            print(f"\n== {name}", flush=True)
            ran = subprocess.run([sys.executable, FOLDER / f"bench_{name}.py"], env=env, check=False)
            status = status or ran.returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
