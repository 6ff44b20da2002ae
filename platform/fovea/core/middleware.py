"""HTTP headers that every answer carries."""

from collections.abc import Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

# What the viewer needs (VIEWER.md): WebAssembly decoders, workers from blobs, images from data and blob addresses.
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "img-src 'self' data: blob:",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "object-src 'none'",
    ]
)


def _mark(response: HttpResponse) -> HttpResponse:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    return response


@sync_and_async_middleware
def ContentSecurityPolicy(get_response: Callable):  # noqa: N802 - Django names middleware like classes
    """Set the content security policy on every answer; no inline script ever runs."""

    async def later(request: HttpRequest) -> HttpResponse:
        return _mark(await get_response(request))

    def now(request: HttpRequest) -> HttpResponse:
        return _mark(get_response(request))

    return later if iscoroutinefunction(get_response) else now
