"""Role × endpoint × foreign object: every address of the API, asked by everybody, about what is theirs and what is not.

The addresses come from the resolver, the expected answers from table.py and the one permission table; a new endpoint or
method fails here until the table says who may use it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from fovea.accounts.permissions import Role, allows
from fovea.datasets.models import Membership
from fovea.jobs import stream
from tests.access.table import (
    ANYONE,
    IN_PROJECT,
    NEVER_BY_TOKEN,
    ONES_OWN,
    OWN,
    ROUTES,
    SIGNED_IN,
    SITE,
    SOMEWHERE,
)
from tests.access.world import ARGUMENTS, BODIES, FOREIGN, World, bytes_of, make_world

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROOTS = ("api/v1/", "dicomweb/")
PERMITTED = "permitted"
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|SELECT .* FOR UPDATE|SELECT pg_notify)\b", re.IGNORECASE)


def _walk(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in patterns:
        address = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, address)
        elif address.startswith(ROOTS):
            yield address, entry


def addresses() -> dict[str, str]:
    """The address pattern of every endpoint, by its name."""
    found: dict[str, str] = {}
    for address, entry in _walk(get_resolver().url_patterns):
        assert entry.name, f"{address} has no name"
        assert entry.name not in found, f"two endpoints are called {entry.name}"
        found[entry.name] = address
    return found


CELLS = [(name, method) for name, route in ROUTES.items() for method in route.rules]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for all; each request is undone."""
    with django_db_blocker.unblock(), transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        # A stream gives its connection back while it waits; here that would end the tests' transaction.
        patch.setattr(stream, "connection", type("Kept", (), {"close": staticmethod(lambda: None)}))
        patch.setattr(settings, "FOVEA_MIN_FREE_BYTES", 0)
        yield make_world()
        transaction.set_rollback(True)


class Asker:
    """Sends the requests of one person."""

    def __init__(self, world: World, who: str, token: str = "") -> None:
        self.world, self.who, self.token = world, who, token
        self.sent: list[str] = []  # the statements of the last request

    def ask(self, name: str, method: str, place: Any, pattern: str, **body: Any) -> Any:
        """The answer to a request that is in order, about the objects of `place`; what it changed is undone."""
        arguments = ARGUMENTS[ROUTES[name].target if name in ROUTES else ""](place, self.who)
        address = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(arguments[part[1]]), pattern)
        made = BODIES.get((name, method))
        data = {**(made(place, self.who) if made else {}), **body}
        with transaction.atomic():
            answer = self._send(name, method, address, data)
            transaction.set_rollback(True)
        return answer

    def _send(self, name: str, method: str, address: str, data: dict[str, Any]) -> Any:
        client = APIClient(raise_request_exception=False)
        if self.token:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.token}")
        elif session := self.world.sessions.get(self.who):
            client.cookies[settings.SESSION_COOKIE_NAME] = session
        with CaptureQueriesContext(connection) as queries:
            if method == "GET":
                answer = client.get(address, data)
            elif (content := bytes_of(name, method)) is not None:
                headers = {"Upload-Offset": "0"}
                answer = client.generic(
                    method, address, content.read(), "application/octet-stream", headers=headers
                )
            else:
                answer = client.generic(method, address, *_json(client, data))
        self.sent = [query["sql"] for query in queries.captured_queries]
        return answer


def _json(client: APIClient, data: dict[str, Any]) -> tuple[bytes, str]:
    content, kind = client._encode_data(data, "json")
    return content, kind


def action_of(rule: str) -> str:
    """The action that a rule is about."""
    return rule.removesuffix(SOMEWHERE).removesuffix(ONES_OWN).removesuffix(IN_PROJECT)


def expected(rule: str, who: str, place: str) -> int | str:
    """What the table promises `who` about an object of `place`: "own", "foreign" or "sibling"."""
    if rule == ANYONE:
        return PERMITTED
    if who == "nobody":
        return 401
    if rule == SIGNED_IN:
        return PERMITTED
    if rule == OWN:
        return PERMITTED if place == "own" or who == "site_admin" else 404
    if who == "site_admin":
        return PERMITTED
    if rule == SITE:
        return 403
    action, whole_dataset = action_of(rule), rule.startswith("dataset.") and not rule.endswith(IN_PROJECT)
    roles = {Role(who)} if who in list(Role) else set()
    if rule.endswith(SOMEWHERE):
        return PERMITTED if allows(roles, action) else 403
    if place == "foreign" or not roles or (place == "sibling" and not whole_dataset):
        return 404
    return PERMITTED if allows(roles, action) else 403


def verdict(answer: Any) -> int | str:
    """The answer as the table speaks of it."""
    refused = answer.status_code in (401, 403, 404, 405) or answer.status_code >= 500
    return answer.status_code if refused else PERMITTED


def places(name: str, method: str) -> tuple[str, ...]:
    """Whose objects an endpoint is asked about."""
    rule = ROUTES[name].rules[method]
    if rule in (ANYONE, SIGNED_IN, SITE) or rule.endswith(SOMEWHERE):
        return ("own",)
    return ("own", "foreign") if rule == OWN or rule.endswith(ONES_OWN) else ("own", "foreign", "sibling")


def test_every_endpoint_is_in_the_table() -> None:
    assert set(addresses()) == set(ROUTES)


def test_the_table_names_actions_that_there_are() -> None:
    words = {ANYONE, SIGNED_IN, SITE, OWN}
    for name, route in ROUTES.items():
        for rule in set(route.rules.values()) - words:
            allows(set(), action_of(rule))  # KeyError: no such action
        assert set(route.rules) <= set(METHODS), name


@pytest.mark.parametrize("name", ROUTES)
def test_every_method_is_in_the_table(world: World, name: str) -> None:
    asker = Asker(world, "site_admin")
    undeclared = [method for method in METHODS if method not in ROUTES[name].rules]
    found = {method: asker.ask(name, method, world.own, addresses()[name]) for method in undeclared}
    assert {method: answer.status_code for method, answer in found.items()} == dict.fromkeys(undeclared, 405)


@pytest.mark.parametrize(("name", "method"), CELLS)
def test_everybody_is_answered_as_the_table_says(world: World, name: str, method: str) -> None:
    rule, pattern = ROUTES[name].rules[method], addresses()[name]
    wanted: dict[str, int | str] = {}
    found: dict[str, int | str] = {}
    for place in places(name, method):
        for who in world.people:
            answer = Asker(world, who).ask(name, method, getattr(world, place), pattern)
            case = f"{who} at {place}"
            wanted[case], found[case] = expected(rule, who, place), verdict(answer)
            if found[case] != PERMITTED:
                assert set(answer.json()) == {"error"}, case
                assert set(answer.json()["error"]) >= {"code", "message"}, case
            if who != "site_admin":
                assert FOREIGN not in _text(answer), f"{case} is told of what is not theirs"
    assert found == wanted


def _text(answer: Any) -> str:
    if not answer.streaming:
        return answer.content.decode(errors="replace")
    # Events never end: what of them a reader sees is tested with jobs.
    return "" if answer.is_async else answer.getvalue().decode()


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if "GET" in route.rules])
def test_reading_writes_nothing(world: World, name: str) -> None:
    asker = Asker(world, "admin")
    asker.ask(name, "GET", world.own, addresses()[name])
    assert [statement for statement in asker.sent if WRITES.match(statement)] == []


@pytest.mark.parametrize(
    ("name", "method"), [cell for cell in CELLS if cell[1] != "GET" and cell[0] != "session"]
)
def test_tokens_do_what_their_scope_says(world: World, name: str, method: str) -> None:
    pattern = addresses()[name]
    reading = Asker(world, "admin", world.tokens["admin", "read"]).ask(name, method, world.own, pattern)
    assert reading.status_code == 403
    writing = Asker(world, "site_admin", world.tokens["site_admin", "write"]).ask(
        name, method, world.own, pattern
    )
    assert verdict(writing) == (403 if (name, method) in NEVER_BY_TOKEN else PERMITTED)


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if "GET" in route.rules])
def test_a_reading_token_reads(world: World, name: str) -> None:
    asker = Asker(world, "admin", world.tokens["admin", "read"])
    assert verdict(asker.ask(name, "GET", world.own, addresses()[name])) == PERMITTED


def test_what_is_one_s_own_does_not_open_what_is_not(world: World) -> None:
    """Requests that name something of one's own in the address and something foreign beside it."""
    asker, found = Asker(world, "admin"), addresses()
    own, foreign, sibling = world.own, world.foreign, world.sibling

    def code(name: str, method: str, place: Any = own, **body: Any) -> int:
        return asker.ask(name, method, place, found[name], **body).status_code

    for place in (foreign, sibling):
        assert code("import-list", "POST", project=place.project.slug) == 404
        assert code("models-compare", "GET", b=place.models[0].pk) == 404
    assert code("import-list", "POST", uploads=[str(foreign.uploads["admin"].whole.pk)]) == 400
    assert code("import-list", "POST", uploads=[str(own.uploads["data_scientist"].whole.pk)]) == 400
    colleague = Asker(world, "data_scientist")
    for method in ("GET", "PATCH"):  # an upload is one person's, even among those who may import
        own_files = SimpleNamespace(uploads={"data_scientist": own.uploads["admin"]})
        answer = colleague.ask("upload-detail", method, own_files, found["upload-detail"])
        assert answer.status_code == 404
    crossed = SimpleNamespace(dataset=own.dataset, series=foreign.series, instance=foreign.instance)
    assert code("wado-metadata", "GET", crossed) == 404
    crossed = SimpleNamespace(dataset=own.dataset, series=own.series, instance=foreign.instance)
    assert code("wado-frame", "GET", crossed) == 404
    boxes = {"boxes": [{"id": str(uuid.uuid4()), "class": "x", "frame": f"{foreign.instance.pk}-1"}]}
    assert code("annotation", "POST", content=boxes) == 400


def test_a_role_that_was_taken_opens_nothing_any_more(world: World) -> None:
    def codes() -> list[int]:
        names = ("project-detail", "wado-frame")  # frames remember for seconds who may read them
        answers = [Asker(world, "viewer").ask(name, "GET", world.own, addresses()[name]) for name in names]
        return [answer.status_code for answer in answers]

    assert codes() == [200, 200]
    with transaction.atomic():
        Membership.objects.filter(user=world.people["viewer"]).delete()
        assert codes() == [404, 404]
        transaction.set_rollback(True)
