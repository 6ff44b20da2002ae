"""Chromium, driven by Playwright, against the small test server. Where there is no Chromium the tests say so."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from .workspace_cases import Case, default_cases
from .workspace_page import WorkspacePage
from .workspace_server import State, serve


@pytest.fixture(scope="session")
def parsed_cases(test_data: Path) -> list[Case]:
    """The real cases, read once."""
    cases = default_cases(test_data)
    for case in cases:
        case.read()
    return cases


@pytest.fixture(scope="session")
def running_server(parsed_cases: list[Case]) -> Iterator[tuple[str, State]]:
    """One server for the run, so that the browser's cache of scripts stays warm."""
    running, state = serve(parsed_cases)
    yield f"http://127.0.0.1:{running.server_port}", state
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="session")
def running_context(chromium: Browser, running_server: tuple[str, State]) -> Iterator[BrowserContext]:
    """One browser profile for the run."""
    made = chromium.new_context(viewport={"width": 1280, "height": 800}, base_url=running_server[0])
    yield made
    made.close()


@pytest.fixture
def server(running_server: tuple[str, State], parsed_cases: list[Case]) -> tuple[str, State]:
    """The test server as at its start: nothing annotated, nothing closed, no faults."""
    address, state = running_server
    state.restart([copy.copy(case).reset() for case in parsed_cases])
    return address, state


@pytest.fixture
def context(running_context: BrowserContext, server: tuple[str, State]) -> Iterator[BrowserContext]:
    """The profile without a journal or settings of tests before."""
    tab = running_context.new_page()
    tab.goto("/_test/state")
    tab.evaluate(
        """new Promise((done) => { localStorage.clear();
        const asked = indexedDB.deleteDatabase('fovea-journal'); asked.onsuccess = asked.onblocked = done; })"""
    )
    tab.close()
    yield running_context
    for open_page in running_context.pages:
        open_page.goto("about:blank")
        open_page.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab; errors that the page throws fail the test."""
    tab, errors = context.new_page(), list[str]()
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    # Cornerstone's loader leaves the rejection of a failed request unhandled; the viewer reports it itself.
    assert [error for error in errors if "XMLHttpRequest" not in error] == []


@pytest.fixture
def workspace(page: Page, server: tuple[str, State]) -> WorkspacePage:
    """The workspace, not opened yet."""
    return WorkspacePage(page, server[1])


@pytest.fixture
def open_tab(context: BrowserContext, server: tuple[str, State]) -> Callable[[], WorkspacePage]:
    """Opens further tabs of the same profile."""
    return lambda: WorkspacePage(context.new_page(), server[1])
