"""One site with its demo for all flows: making it and training its first models takes minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.flows.site import Site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`make up` with the demo, in a folder of its own; stopped by Ctrl-C, which must end it cleanly."""
    made = Site(tmp_path_factory.mktemp("demo") / "home").start()
    yield made
    assert made.stop() == 0, made.text()


@pytest.fixture(scope="session")
def profiles(site: Site, chromium: Browser) -> dict[str, Page]:
    """A signed-in tab per person, made when first asked for; the one-time links work once."""
    return {}


@pytest.fixture
def sign_in(site: Site, chromium: Browser, profiles: dict[str, Page]) -> Callable[[str], Page]:
    """`sign_in("demo-admin")` gives a tab of that person's browser profile."""

    def tab(person: str) -> Page:
        if person not in profiles:
            context = chromium.new_context(viewport={"width": 1280, "height": 800}, base_url=site.address)
            page = context.new_page()
            page.goto(site.links[person])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"{site.address}/")
            profiles[person] = page
        return profiles[person]

    return tab
