"""Bringing images in with the browser: a dataset by its form, files by the file chooser, a lost connection in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.flows.site import Site, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_files_are_chosen_sent_and_listed_with_what_became_of_them(
    site: Site, sign_in: Callable[[str], Page], test_data: Path, tmp_path: Path
) -> None:
    page = sign_in("demo-admin")
    page.goto("/datasets/new/")
    page.get_by_label("Name").fill("Brought by browser")
    page.get_by_role("button", name="Make dataset").click()
    expect(page.get_by_role("heading", name="Brought by browser")).to_be_visible()

    # The first part of the first file is lost on its way; it is sent again from where the server stands.
    lost: list[str] = []

    def lose_once(route: Route) -> None:
        if route.request.method == "PATCH" and not lost:
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/uploads/**", lose_once)
    slices = sorted((test_data / "dicom-mixed/studies/PGBM-003/11-T1post-18670").glob("*.dcm"))[:6]
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(slices[0].read_bytes()[:2000])
    page.locator("#files").set_input_files([*slices, broken])
    page.wait_for_url("**/imports/*/", timeout=60_000)
    assert lost
    facts = page.locator(".facts")
    expect(facts).to_contain_text("6", timeout=60_000)
    expect(facts).to_contain_text("stored")
    row = page.get_by_role("row").filter(has_text="broken.dcm")
    expect(row).to_contain_text("failed")
    answer = page.request.get(f"{page.url.replace('/imports/', '/api/v1/imports/')}files.csv")
    assert answer.ok
    assert "broken.dcm" in answer.text()

    page.get_by_role("link", name="Brought by browser").click()
    expect(page.locator(".thumb")).to_have_count(1)
    picture = page.locator(".thumb img")
    expect(picture).to_be_visible()
    until(lambda: picture.evaluate("(img) => img.complete && img.naturalWidth > 0"), 15)
