"""Metadata and frames of a series. A frame is a range read: no parsing, and no query once the series is
known.
"""

from __future__ import annotations

import asyncio
import functools
import gzip
import hashlib
from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils.http import parse_etags
from rest_framework.exceptions import MethodNotAllowed

from fovea.core.errors import NotFound, exception_handler
from fovea.core.storage import blob_read
from fovea.datasets.dicomweb.credentials import credential, signed_in
from fovea.datasets.dicomweb.grants import Address, ShortMemory, grants
from fovea.datasets.dicomweb.negotiation import content_type, frame_form, multipart
from fovea.datasets.selectors.wado import StoredFrames, series_at, series_metadata, stored_frames

_FOREVER = "private, max-age=31536000, immutable"
_INDEX_SECONDS = 600.0
_indexes: ShortMemory[int, dict[str, StoredFrames]] = ShortMemory(size=512, seconds=_INDEX_SECONDS)

View = Callable[..., Awaitable[HttpResponse]]


def _answering_errors(view: View) -> View:
    """Every refusal in the one JSON shape, as the API gives it."""

    @functools.wraps(view)
    async def answering(request: HttpRequest, **address: str) -> HttpResponse:
        try:
            if request.method not in ("GET", "HEAD"):
                raise MethodNotAllowed(request.method or "")
            return await view(request, **address)
        except Exception as error:
            answer = exception_handler(error, {})
            if answer is None:
                raise
            response = JsonResponse(answer.data, status=answer.status_code)
            for name, value in answer.headers.items():
                response.headers.setdefault(name, value)
            return response

    return answering


async def _granted(request: HttpRequest, address: Address) -> int:
    """The series' primary key, when the person behind the request may see it."""
    proof = credential(request)
    series_id = grants.get((proof, address)) if proof else None
    if series_id is None:
        series_id = await sync_to_async(_grant)(request, address)
        grants.put((proof, address), series_id)
    return series_id


def _grant(request: HttpRequest, address: Address) -> int:
    dataset, study, series = address
    return series_at(actor=signed_in(request), dataset_slug=dataset, study_uid=study, series_uid=series)


async def _stored(series_id: int, sop_uid: str) -> StoredFrames:
    """Where an instance's frames lie; an unknown one is looked for once more, for it may have just been
    imported.
    """
    index = _indexes.get(series_id)
    if index is None or sop_uid not in index:
        index = await sync_to_async(stored_frames)(series_id)
        _indexes.put(series_id, index)
    if sop_uid not in index:
        raise NotFound("The series has no such instance, or it holds no frames to show.")
    return index[sop_uid]


@_answering_errors
async def frame(
    request: HttpRequest, dataset: str, study: str, series: str, instance: str, number: str
) -> HttpResponse:
    """One stored frame, numbered from 1."""
    series_id = await _granted(request, (dataset, study, series))
    stored = await _stored(series_id, instance)
    index = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 8 else -1
    if not 0 <= index < len(stored.offsets):
        raise NotFound(f"Frames are numbered from 1 to {len(stored.offsets)}.", code="no_such_frame")
    form = frame_form(request.headers.get("Accept", ""), stored.transfer_syntax_uid)
    etag = f'"{stored.sha256}-{index + 1}-{form}"'
    headers = {"ETag": etag, "Cache-Control": _FOREVER, "Vary": "Accept, Cookie, Authorization"}
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers=headers)
    body = await asyncio.to_thread(blob_read, stored.sha256, stored.offsets[index], stored.lengths[index])
    boundary = f"frame-{stored.sha256[:32]}"
    if form == "multipart":
        body = multipart(body, stored.transfer_syntax_uid, boundary)
    kind = content_type(form, stored.transfer_syntax_uid, boundary)
    return HttpResponse(body, content_type=kind, headers=headers)


@_answering_errors
async def metadata(request: HttpRequest, dataset: str, study: str, series: str) -> HttpResponse:
    """The DICOM JSON of every instance of a series, in geometric order."""
    series_id = await _granted(request, (dataset, study, series))
    body = await sync_to_async(series_metadata)(series_id)
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    etag = f'"{hashlib.sha256(body).hexdigest()}{"-gzip" if zipped else ""}"'
    # More slices may come: the browser keeps it, and asks each time whether it still holds.
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Cookie, Authorization",
    }
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers=headers)
    if zipped:
        body = await asyncio.to_thread(gzip.compress, body, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return HttpResponse(body, content_type="application/dicom+json", headers=headers)
