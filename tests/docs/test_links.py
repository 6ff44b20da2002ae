"""Links in documents lead somewhere, and documents hold nothing of the machine they were written on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs import pages
from tests.docs.facts import ROOT

# A path of somebody's machine; `/p/<project>/work/` is a page of the site.
MACHINE = re.compile(r"(?<![\w>}/.-])/(?:work|root|home|Users|tmp)/")
DOCUMENTS = pages.documents()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    broken = [link for link in pages.links(document) if not _leads_somewhere(document, link)]
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_hold_no_path_of_a_machine(document: Path) -> None:
    assert MACHINE.findall(document.read_text()) == []


def test_every_page_of_the_documentation_is_linked_from_another() -> None:
    linked = {
        (document.parent / link.split("#")[0]).resolve()
        for document in DOCUMENTS
        for link in pages.links(document)
        if not re.match(r"\w+:", link)
    }
    folders = [folder for folder in linked if folder.is_dir()]
    written = [d for d in DOCUMENTS if d.is_relative_to(ROOT / "docs")]
    assert [d.name for d in written if d not in linked and d.parent not in folders] == []


def test_a_broken_link_is_seen() -> None:
    readme = ROOT / "README.md"
    assert _leads_somewhere(readme, "docs/reference/errors.md#codes-of-requests")
    assert not _leads_somewhere(readme, "docs/reference/no-such-page.md")
    assert not _leads_somewhere(readme, "docs/reference/errors.md#no-such-heading")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("see /root/fovea/x.py", True),
        ("`/home/me/data`", True),
        ("the page /p/<slug>/work/", False),
        ("$FOVEA_HOME/work/x", False),
    ],
)
def test_a_path_of_a_machine_is_told_from_an_address(text: str, told: bool) -> None:
    assert bool(MACHINE.search(text)) is told


def _leads_somewhere(document: Path, link: str) -> bool:
    if re.match(r"\w+:", link):
        return True  # another site
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    return target.exists() and (not anchor or anchor in pages.anchors(target))
