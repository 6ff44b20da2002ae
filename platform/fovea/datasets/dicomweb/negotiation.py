"""Which form of a frame a client wants (PS3.18 section 8.3.3 and 8.7.3), read as leniently as clients write
it.
"""

from __future__ import annotations

import re
from typing import Literal

from fovea.core.errors import FoveaError

Form = Literal["single", "multipart"]
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;,\s]+)')
_OCTETS = "application/octet-stream"


class NotAcceptable(FoveaError):
    """Nothing that the client accepts can be given."""

    code, status = "not_acceptable", 406


def frame_form(accept: str, stored_syntax: str) -> Form:
    """Single part or multipart, by the Accept header; the first of its choices that can be met wins.

    A choice that names no transfer syntax, or `*`, takes the stored one. `type=` may be quoted or not:
    Cornerstone3D does not. Raises NotAcceptable when no choice can be met.
    """
    for choice in _choices(accept or "*/*"):
        media, _, rest = choice.partition(";")
        parameters = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(f";{rest}")}
        if parameters.get("transfer-syntax", "*") not in ("*", stored_syntax):
            continue
        if media.strip() == "multipart/related" and parameters.get("type", _OCTETS) in (_OCTETS, "*/*"):
            return "multipart"
        if media.strip() in (_OCTETS, "application/*", "*/*"):
            return "single"
    raise NotAcceptable(
        f"Frames are given as {_OCTETS}, single or in multipart/related, with transfer-syntax={stored_syntax}."
    )


def _choices(accept: str) -> list[str]:
    """The choices of an Accept header; commas inside quotes do not part them."""
    return [choice.strip() for choice in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', accept) if choice.strip()]


def multipart(body: bytes, syntax: str, boundary: str) -> bytes:
    """One part as multipart/related: the part says its own transfer syntax, and a line break stands before
    the boundary.
    """
    head = f"--{boundary}\r\nContent-Type: {_OCTETS}; transfer-syntax={syntax}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body + f"\r\n--{boundary}--\r\n".encode()


def content_type(form: Form, syntax: str, boundary: str) -> str:
    """The Content-Type of the whole answer."""
    if form == "single":
        return f"{_OCTETS}; transfer-syntax={syntax}"
    return f'multipart/related; type="{_OCTETS}"; boundary={boundary}'
