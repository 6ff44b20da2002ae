"""The recipe of the viewer bundle: pinned, free of addresses, built once."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "frontend_static" / "viewer-bundle"


@pytest.fixture
def recipe() -> ModuleType:
    """build.py as a module."""
    spec = importlib.util.spec_from_file_location("viewer_bundle_build", FOLDER / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_lock_holds_integrity_and_no_address_to_download_from() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    packages = [about for path, about in lock["packages"].items() if path]
    assert all("integrity" in about and "resolved" not in about for about in packages)


def test_every_package_is_pinned_to_one_version() -> None:
    package = json.loads((FOLDER / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())


def test_a_change_of_any_part_of_the_recipe_asks_for_a_new_bundle(recipe: ModuleType, tmp_path: Path) -> None:
    for name in recipe.SOURCES:
        source = FOLDER / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    before = recipe.source_hash(tmp_path)
    assert before == recipe.source_hash(FOLDER)
    (tmp_path / "src" / "cornerstone.js").write_text("export {};")
    assert recipe.source_hash(tmp_path) != before


def test_a_bundle_without_its_stamp_is_not_current(recipe: ModuleType, tmp_path: Path) -> None:
    assert not recipe.is_current(tmp_path, "abc")
    (tmp_path / recipe.STAMP).write_text("abc")
    assert recipe.is_current(tmp_path, "abc")
    assert not recipe.is_current(tmp_path, "abd")
