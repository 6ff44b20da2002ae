"""One headless Chromium for the whole run; Playwright's synchronous side can be started once in a process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BUNDLE = Path(__file__).parents[1] / "frontend_static" / "vendor"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium with software WebGL for the whole run."""
    path = os.environ.get("FOVEA_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    missing = (
        "no Chromium found" if path is None else "" if BUNDLE.is_dir() else "the viewer bundle is not built"
    )
    if missing:
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(f"browser tests left out: {missing}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
