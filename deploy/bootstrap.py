"""Set up a checkout: `.venv` with the pinned requirements, and the viewer bundle. Run by `make setup`.

Needs nothing but Python 3.11 or newer. What is current is left alone, so a second run takes no time.
    python3 deploy/bootstrap.py [--dev] [--force]
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = Path(os.environ.get("FOVEA_VENV") or ROOT / ".venv")
PYTHON = VENV / "bin" / "python"
NEWEST_TO_OLDEST = ("python3.12", "python3.13", "python3.14", "python3.11")
BUILD = ROOT / "frontend_static" / "viewer-bundle" / "build.py"
BEAT_SECONDS = 20.0  # without a terminal, how often a long installation says that it is alive


class SetupError(Exception):
    """One line that says what is missing and how to mend it."""


def say(text: str) -> None:
    """A line for the person watching."""
    print(f"  {text}", flush=True)


def interpreter() -> str:
    """This Python when it is new enough, else a newer one from the PATH. Raises SetupError when there is none."""
    if sys.version_info >= (3, 11):
        return sys.executable
    for name in NEWEST_TO_OLDEST:
        if found := shutil.which(name):
            return found
    raise SetupError(
        f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. "
        "Install one (Debian 12: apt-get install python3 python3-venv) or name it: make setup PYTHON=python3.12"
    )


def make_venv() -> None:
    """Create the virtual environment unless it is there. Raises SetupError with what to install."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0:
        return
    python, uv = interpreter(), shutil.which("uv")
    say(f"making {VENV.name} with {python}")
    shutil.rmtree(VENV, ignore_errors=True)
    if importlib.util.find_spec("ensurepip") and python == sys.executable:
        made = _quietly([python, "-m", "venv", str(VENV)])
    elif uv:
        made = _quietly([uv, "venv", "--seed", "--python", python, str(VENV)])
    else:
        made = _quietly([python, "-m", "venv", str(VENV)])
    if made.returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=False).stdout.split()[-1]
    short = ".".join(version.split(".")[:2])
    raise SetupError(
        f"{python} cannot make a virtual environment, its `venv` part is not installed. "
        f"Debian and Ubuntu: apt-get install python{short}-venv; or install uv; then run `make setup` again."
    )


def install(requirements: Path, stamps: list[str], force: bool) -> None:
    """Install a pinned file unless its stamp says that it is installed. Raises SetupError when it cannot."""
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not force and _stamp(stamps[0]) == wanted:
        return
    names = [line for line in requirements.read_text().splitlines() if line and line[0].isalnum()]
    say(
        f"installing {len(names)} packages of {requirements.relative_to(ROOT)} (the first time takes minutes)"
    )
    begun = time.monotonic()
    if not (_with_uv(requirements) or _with_pip(requirements, len(names))):
        raise SetupError(
            f"The packages of {requirements.relative_to(ROOT)} could not be installed; the lines above say why. "
            "Is the package index reachable, and is there disk space (about 8 GB)?"
        )
    for stamp in stamps:
        file = {"base": ROOT / "requirements.txt"}.get(stamp, requirements)
        (VENV / f".fovea-{stamp}").write_text(hashlib.sha256(file.read_bytes()).hexdigest())
    say(f"packages installed in {time.monotonic() - begun:.0f} s")


def link_sources() -> None:
    """Put both source roots on the path: what `pip install -e .` would do, without a build or the network."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    site = Path(
        subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    )
    link, content = site / "_fovea.pth", f"{ROOT / 'platform'}\n{ROOT}\n"
    if not link.exists() or link.read_text() != content:
        link.write_text(content)


def build_bundle(with_packages: bool) -> None:
    """Build the viewer bundle unless it is current. Raises SetupError when it cannot be built."""
    command = [str(PYTHON), str(BUILD), *(["--packages"] if with_packages else [])]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise SetupError("The viewer bundle could not be built; the lines above say why.")


def _with_uv(requirements: Path) -> bool:
    """uv is ten times faster, but does not read pip's configuration; where it fails pip gets its turn."""
    uv = shutil.which("uv")
    if not uv:
        return False
    ran = _quietly([uv, "pip", "install", "--python", str(PYTHON), "-r", str(requirements)])
    return ran.returncode == 0


def _with_pip(requirements: Path, total: int) -> bool:
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    process = subprocess.Popen(
        [*command, "-r", requirements], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    live, seen, tail, spoken = sys.stdout.isatty(), 0, [], time.monotonic()
    doing = "looking"
    for line in process.stdout:
        tail = [*tail[-14:], line.rstrip()]
        if line.startswith("Collecting "):
            seen, doing = seen + 1, line.split()[1]
        elif line.startswith("Installing collected packages"):
            doing = "unpacking"
        state = f"  … {seen} of {total}: {doing}"
        if live:
            print(f"\r\033[K{state}", end="", flush=True)
        elif time.monotonic() - spoken > BEAT_SECONDS:
            print(state, flush=True)
            spoken = time.monotonic()
    if live:
        print("\r\033[K", end="")
    if process.wait() != 0:
        print("\n".join(tail))
    return process.returncode == 0


def _quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _stamp(name: str) -> str | None:
    file = VENV / f".fovea-{name}"
    return file.read_text() if file.exists() else None


def main() -> int:
    """Set up and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="also what `make test` needs")
    parser.add_argument("--force", action="store_true", help="install again even when the stamps are current")
    wanted = parser.parse_args()
    try:
        make_venv()
        if wanted.dev:  # dev.txt holds all of requirements.txt
            install(ROOT / "requirements" / "dev.txt", ["dev", "base"], wanted.force)
        else:
            install(ROOT / "requirements.txt", ["base"], wanted.force)
        link_sources()
        build_bundle(with_packages=wanted.dev)
    except SetupError as error:
        print(f"fovea: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
