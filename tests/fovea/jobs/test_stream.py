"""Live events: only to those who may see them, over one connection however many watch."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient

from fovea.accounts.services import token_create, token_revoke
from fovea.jobs import lease, services, stream
from fovea.jobs.hub import Hub, hub
from tests.factories import JobFactory
from tests.workers import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
EVENTS = "/api/v1/events/"
PATIENCE = 30


class Listener:
    """One open stream."""

    def __init__(self, answer: Any) -> None:
        self.parts = answer.streaming_content.__aiter__()

    async def next(self) -> dict[str, Any]:
        """The next event; keep-alives are passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                part = (await anext(self.parts)).decode()
                if part.startswith("data: "):
                    return json.loads(part.removeprefix("data: "))

    async def close(self) -> None:
        """As the server does when the browser goes: the task that waits for the next part is cancelled."""
        waiting = asyncio.ensure_future(anext(self.parts))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


@sync_to_async
def in_database(function, *arguments, **options):
    try:
        return function(*arguments, **options)
    finally:
        connection.close()


async def listen(user=None, token="") -> Listener:
    client = AsyncClient()
    if user is not None:
        await client.aforce_login(user)
    answer = await client.get(EVENTS, headers={"Authorization": f"Bearer {token}"} if token else {})
    assert answer.status_code == 200, answer.content
    listener = Listener(answer)
    assert (await listener.next())["type"] == "resync"  # the database listens from here on
    return listener


async def test_nobody_and_a_bad_token_are_refused():
    client = AsyncClient()
    for headers in ({}, {"Authorization": "Bearer fov_wrong"}):
        answer = await client.get(EVENTS, headers=headers)
        assert answer.status_code == 401
        assert json.loads(answer.content)["error"]["code"] == "not_signed_in"
    assert (await client.post(EVENTS)).status_code in (403, 405)


async def test_a_job_s_life_is_told_to_who_may_see_it_and_to_nobody_else(people):
    secret = (await in_database(token_create, actor=people.viewer, name="t"))[1]
    viewer, outsider, admin = (
        await listen(token=secret),
        await listen(people.outsider),
        await listen(people.site_admin),
    )
    project, site = str(people.project.scope), "site:0"
    await in_database(JobFactory, scope=site, title="of the site")
    job = await in_database(JobFactory, scope=project)
    claimed = await in_database(lease.claim, job.pk, "w")
    await in_database(lease.keep, job.pk, claimed.fence, progress=0.25, stage="a quarter")
    await in_database(lease.keep, job.pk, claimed.fence)  # a mere heartbeat tells nothing
    await in_database(lease.succeed, job.pk, claimed.fence, {})
    told = [await viewer.next() for _ in range(4)]
    assert [(event["state"], event["progress"]) for event in told] == [
        ("queued", 0.0),
        ("running", 0.0),
        ("running", 0.25),
        ("succeeded", 1.0),
    ]
    assert {event["id"] for event in told} == {str(job.pk)}
    assert "user" not in told[0]
    assert (await admin.next())["title"] == "of the site"

    own = await in_database(JobFactory, scope=site, created_by=people.outsider)
    assert (await outsider.next())["id"] == str(own.pk)  # … and nothing before it
    for one in (viewer, outsider, admin):
        await one.close()


async def test_other_apps_send_events_when_they_commit(people):
    viewer = await listen(people.viewer)
    await in_database(services.event_send, type="ranked", scope=people.project.scope, run=7)
    assert await viewer.next() == {"type": "ranked", "scope": str(people.project.scope), "run": 7}
    await viewer.close()


async def test_many_streams_share_one_connection_and_the_last_one_ends_it(people):
    def listeners() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE application_name = 'fovea-events' AND datname = current_database()"
            )
            return cursor.fetchone()[0]

    def connections() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return cursor.fetchone()[0]

    before = await in_database(connections)
    streams = [await listen(people.viewer)]
    client = AsyncClient()
    await client.aforce_login(people.viewer)
    for _ in range(20):
        streams.append(Listener(await client.get(EVENTS)))
        assert (await streams[-1].next())["type"] == "resync"
    assert await in_database(listeners) == 1
    assert await in_database(connections) <= before + 2
    await in_database(services.event_send, type="ping", scope=people.project.scope)
    for one in streams:
        assert (await one.next())["type"] == "ping"
    for one in streams:
        await one.close()
    assert await in_database(until, lambda: not listeners(), "the listener's connection is closed")


async def test_a_stream_ends_when_its_token_is_revoked(people, monkeypatch):
    monkeypatch.setattr(stream, "RIGHTS_SECONDS", 0.0)
    monkeypatch.setattr(stream, "KEEP_ALIVE_SECONDS", 0.1)
    token, secret = await in_database(token_create, actor=people.viewer, name="t")
    viewer = await listen(token=secret)
    await in_database(token_revoke, actor=people.viewer, token_id=token.pk)
    with pytest.raises(StopAsyncIteration):
        await viewer.next()


async def test_streams_outlive_a_cut_connection_and_are_told_to_read_anew(people):
    viewer = await listen(people.viewer)

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'fovea-events' AND datname = current_database()"
            )

    await in_database(cut)
    assert (await viewer.next())["type"] == "resync"
    await in_database(services.event_send, type="after", scope=people.project.scope)
    assert (await viewer.next())["type"] == "after"
    await viewer.close()


async def test_a_reader_that_stands_still_loses_the_middle_and_is_told():
    slow = Hub()
    queue = slow.open()
    while not queue.full():
        slow._publish({"type": "x"})
    slow._publish({"type": "last"})
    assert [queue.get_nowait()["type"] for _ in range(queue.qsize())] == ["resync", "last"]
    slow.close(queue)
    assert hub() is hub()
