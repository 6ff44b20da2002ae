"""`GET /api/v1/events/`: server-sent events of what the reader may see.

Each message is `data: {"type": "job", "id", "kind", "title", "scope", "state", "progress", "stage", …}` or what other apps send
with `jobs.services.event_send`. `{"type": "resync"}` comes first and whenever events may have been missed: read the lists anew.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import APIException

from fovea.accounts.access import Actor, scopes_allowing
from fovea.accounts.authentication import token_user
from fovea.core.errors import NotSignedIn, error_body
from fovea.jobs.hub import Event, hub

KEEP_ALIVE_SECONDS = 15.0
RIGHTS_SECONDS = 30.0  # a role given, taken, or an account or token ended is noticed after this long at most


class Reader:
    """Who reads a stream, and what they may see."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._looked = -float("inf")
        self.actor: Actor | None = None
        self._scopes: set[str] | None = set()

    async def present(self) -> bool:
        """Look up person and rights when the last look is too long ago. False when nobody is signed in (any more)."""
        if time.monotonic() - self._looked > RIGHTS_SECONDS:
            await sync_to_async(self._look)()
            self._looked = time.monotonic()
        return self.actor is not None

    def sees(self, event: Event) -> bool:
        """Whether the event is for this reader."""
        actor = cast(Any, self.actor)
        return (
            "scope" not in event
            or self._scopes is None
            or event["scope"] in self._scopes
            or event.get("user") == actor.pk
        )

    def _look(self) -> None:
        try:
            found = token_user(self._request)
            session = self._request.session
            self._request.session = type(session)(
                session.session_key
            )  # read anew: it may have ended meanwhile
            person: Any = found[0] if found else get_user(self._request)
            self.actor = person if person.is_authenticated and person.is_active else None
            if self.actor is not None:
                scopes = scopes_allowing(self.actor, "job.view")
                self._scopes = None if scopes is None else {str(scope) for scope in scopes}
        except APIException:
            self.actor = None
        finally:
            connection.close()  # a stream stays open for hours; it holds no connection of its own


@never_cache
async def events(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Open the stream. 401 for nobody, 405 for anything but GET."""
    if request.method != "GET":
        return JsonResponse(error_body("method_not_allowed", "Events are read with GET."), status=405)
    reader = Reader(request)
    if not await reader.present():
        answer = JsonResponse(error_body(NotSignedIn.code, "Sign in to read events."), status=401)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    stream = StreamingHttpResponse(_messages(reader), content_type="text/event-stream")
    stream.headers["X-Accel-Buffering"] = "no"
    return stream


async def _messages(reader: Reader) -> AsyncIterator[bytes]:
    queue = hub().open()
    waiting: asyncio.Task[Event] | None = None
    try:
        yield b"retry: 2000\n\n"
        while await reader.present():
            waiting = waiting or asyncio.create_task(queue.get())
            done, _ = await asyncio.wait({waiting}, timeout=KEEP_ALIVE_SECONDS)
            if not done:
                yield b": still here\n\n"
                continue
            event, waiting = waiting.result(), None
            if reader.sees(event):
                shown = {name: value for name, value in event.items() if name != "user"}
                yield f"data: {json.dumps(shown)}\n\n".encode()
    finally:
        hub().close(queue)
        if waiting is not None:
            waiting.cancel()
