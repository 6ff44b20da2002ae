"""Examples in the documentation do what they say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs import pages
from tests.docs.facts import ROOT

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CALL = re.compile(r"manage(?:\.py)? (import|\w+_create|signin_links|demo_load)\b([^#\n]*)")


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [text for found, text in _BLOCK.findall(document.read_text()) if found == language]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("blob_root")
def test_the_upload_script_sends_a_file_in_parts_and_imports_it(live_server, people, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("no curl")
    from fovea.accounts.services import token_create
    from fovea.core.storage import blob_read
    from fovea.datasets.models import ImportFile

    content = bytes(range(256)) * 9
    (tmp_path / "ct.zip").write_bytes(content)
    _, token = token_create(actor=people.data_scientist, name="script", scope="write")
    (script,) = [b for b in blocks(ROOT / "docs/how-to/data-scientist.md", "sh") if "Upload-Offset" in b]
    script = script.replace("http://127.0.0.1:8000", live_server.url).replace("$((32 * 1024 * 1024))", "1000")
    script = script.replace("datasets/chest", f"datasets/{people.dataset.slug}")
    script = script.replace('"nodules\\"', f'"{people.project.slug}\\"')
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "TOKEN": token}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert (answer["dataset"], answer["project"]) == (people.dataset.slug, people.project.slug)
    file = ImportFile.objects.get(batch_id=answer["id"])
    assert file.name == "ct.zip"
    assert blob_read(file.blob_id) == content


def test_the_example_of_a_label_schema_is_one() -> None:
    from annotations.spec import normalise

    (example,) = blocks(pages.REFERENCE / "label-schema.md", "json")
    assert normalise(json.loads(example)) == json.loads(example), "it shows every field as it is stored"


def test_the_example_of_content_fits_its_schema() -> None:
    from annotations.content import store

    (example,) = blocks(pages.REFERENCE / "api.md", "json")
    content = {part: value for part, value in json.loads(example).items() if part != "slices"}
    (schema,) = blocks(pages.REFERENCE / "label-schema.md", "json")
    kept = store(content, spec=json.loads(schema), shapes={"45-1": (64, 64)})
    assert set(kept) == {"answers", "boxes", "polygons"}


def test_the_example_of_an_error_has_the_one_shape() -> None:
    from fovea.core.errors import error_body

    (example,) = blocks(pages.REFERENCE / "errors.md", "json")
    error = json.loads(example)["error"]
    assert error_body(error["code"], error["message"], error["details"]) == {"error": error}


@pytest.mark.parametrize("document", pages.documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_calls_of_our_commands_can_be_parsed(document: Path) -> None:
    import shlex

    from django.core.management import get_commands, load_command_class

    shell = "\n".join(blocks(document, "sh")).replace("\\\n", " ")
    for name, rest in _CALL.findall(shell):
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        parser.parse_args(shlex.split(rest))
