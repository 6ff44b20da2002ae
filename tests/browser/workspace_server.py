"""A tiny stand-in for the real server: real DICOM frames over WADO-RS-like routes, annotations kept in memory.

Run by hand: ``python -m tests.browser.workspace_server --data ../shared/data --port 8110``. It answers the part of
the API that the workspace uses, with versions, idempotent saves, leases and the strict content security policy,
and can be told to fail (``POST /_test/fault``), so that browser tests see real refusals on a real wire.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mimetypes
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pydicom
from pydicom.encaps import generate_frames

from .workspace_cases import SCHEMA, Case, default_cases

ROOT = Path(__file__).parents[2]
CSP = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; connect-src 'self'"
)
PAGE = """<!doctype html><html lang="en" class="reading-room"><head><meta charset="utf-8"><title>Workspace</title>
<link rel="stylesheet" href="/static/css/tokens.css"><link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/css/workspace.css"></head><body>
<div id="workspace" data-project="demo" data-item="{item}" data-user="{user}"></div>
<script type="module" src="/static/js/main/workspace.js"></script></body></html>"""


class State:
    """All cases, the faults to play and what was asked; guarded by one lock."""

    def __init__(self, cases: list[Case]) -> None:
        self.lock = threading.Lock()
        self.restart(cases)

    def restart(self, cases: list[Case]) -> None:
        """Begin anew with these cases."""
        self.cases = {case.id: case for case in cases}
        self.faults: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []

    def document(self, case: Case) -> dict[str, Any]:
        """The workspace document of a case."""
        first = case.read()[0]
        version = len(case.versions)
        content = case.versions[-1]["content"] if version else {}
        frames = case.frames()
        done = sum(1 for other in self.cases.values() if other.closed)
        spacing = [float(value) for value in first.get("PixelSpacing", [])]
        series = f"/dicomweb/demo/studies/{first.StudyInstanceUID}/series/{first.SeriesInstanceUID}/metadata"
        return {
            "id": case.id,
            "project": {"slug": "demo", "name": "Brain lesions, MR"},
            "dataset": {"slug": "demo"},
            "schema": SCHEMA,
            "unit": "series",
            "case": {
                "title": case.title,
                "patient": str(first.get("PatientID", "")) or "unknown",
                "modality": str(first.get("Modality", "")),
                "series_description": str(first.get("SeriesDescription", "")),
                "done": done,
                "total": len(self.cases),
            },
            "frames": frames,
            "metadata_url": f"{series}?case={case.id}",
            "geometry": {"is_volume": len(frames) > 1, "reason": "", "spacing": spacing},
            "lease": {"mine": not case.holder, "holder": case.holder or None, "expires_at": None},
            "annotation": {
                "version": version,
                "content": content,
                "source": "human",
                "author": "reader" if version else None,
                "saved_at": case.versions[-1]["saved_at"] if version else None,
                "submitted": case.closed == "submitted",
            },
            "prediction": case.prediction,
            "why": {
                "text": "The model hesitates on lesion here, and few cases from this scanner are labelled.",
                "score": 0.82,
                "strategy": "clasp",
                "random": False,
            },
            "history": [
                {
                    k: v
                    for k, v in entry.items()
                    if k in ("version", "source", "author", "saved_at", "summary")
                }
                for entry in reversed(case.versions)
            ],
        }

    def save(self, case: Case, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Keep a new version; the same key again answers as before; a stale base is refused."""
        if body["key"] in case.answers:
            return 200, case.answers[body["key"]][1]
        if body["base_version"] != len(case.versions):
            current = {
                "version": len(case.versions),
                **(case.versions[-1] if case.versions else {"content": {}}),
            }
            return 409, error(
                "stale_version", "Someone saved this case while you worked.", {"current": current}
            )
        base = dict(case.versions[-1]["content"]) if case.versions else {}
        slices = dict(base.get("slices", {}))
        for key, value in body["content"].get("slices", {}).items():
            slices.pop(key, None)
            if value is not None:
                slices[key] = value
        content = {**base, **body["content"], "slices": slices}
        now = datetime.now(UTC).isoformat()
        number = len(case.versions) + 1
        summary = ", ".join(sorted(body["content"]))
        case.versions.append(
            {
                "version": number,
                "content": content,
                "saved_at": now,
                "author": "reader",
                "source": "human",
                "summary": summary,
            }
        )
        answer = {"version": number, "saved_at": now}
        case.answers[body["key"]] = (number, answer)
        return 201, answer

    def next_case(self, body: dict[str, Any]) -> Case | None:
        """The first open case that is not excluded."""
        excluded = {str(item) for item in body.get("exclude", [])}
        open_cases = (
            c for c in self.cases.values() if not c.closed and not c.holder and c.id not in excluded
        )
        return next(open_cases, None)


def error(code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """The error shape of the API."""
    return {"error": {"code": code, "message": message, "details": details or {}}}


class Handler(BaseHTTPRequestHandler):
    """Routes by pattern; one method per kind of thing served."""

    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def do_DELETE(self) -> None:
        self._route("DELETE")

    def _route(self, method: str) -> None:
        path = self.path.split("?")[0]
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        body = json.loads(raw) if raw else {}
        if method != "GET" and path.startswith("/api/") and not self.headers.get("X-CSRFToken"):
            return self._json(403, error("csrf_failed", "The CSRF token is missing."))
        if not path.startswith(("/static/", "/_test/")):
            self.state.requests.append({"method": method, "path": path, "bytes": length, "body": body})
            if self._play_fault(method, path, body):
                return None
        for pattern, name in self.routes:
            match = re.fullmatch(pattern, f"{method} {path}")
            if match:
                with self.state.lock:
                    return getattr(self, name)(
                        *match.groups(), **({"body": body} if method == "POST" else {})
                    )
        return self._json(404, error("not_found", "There is nothing here."))

    routes: list[tuple[str, str]] = [
        (r"GET /static/(.+)", "_static"),
        (r"GET /(?:p/demo/work/|items/(\w+)/)", "_page"),
        (r"GET /dicomweb/demo/studies/[\d.]+/series/([\d.]+)/metadata", "_metadata"),
        (r"GET /dicomweb/demo/studies/[\d.]+/series/[\d.]+/instances/([\d.]+)/frames/(\d+)", "_frame"),
        (r"POST /api/v1/projects/demo/queue/next/", "_next"),
        (r"GET /api/v1/items/(\w+)/workspace/", "_workspace"),
        (r"POST /api/v1/items/(\w+)/annotation/", "_annotation"),
        (r"POST /api/v1/items/(\w+)/(submit|skip)/", "_close"),
        (r"POST /api/v1/items/(\w+)/(?:lease|flag)/", "_ok"),
        (r"DELETE /api/v1/items/(\w+)/lease/", "_ok"),
        (r"GET /_test/state", "_test_state"),
        (r"POST /_test/fault", "_test_fault"),
        (r"POST /_test/save/(\w+)", "_test_save"),
    ]

    def _play_fault(self, method: str, path: str, body: dict[str, Any]) -> bool:
        """Fail as told: before anything happens, or (``after``) when the work is done but the answer is lost."""
        for fault in self.state.faults:
            if fault["count"] > 0 and re.search(fault["path"], f"{method} {path}"):
                fault["count"] -= 1
                match = re.fullmatch(r"/api/v1/items/(\w+)/annotation/", path)
                if fault.get("after") and match:
                    self.state.save(self.state.cases[match.group(1)], body)
                self._json(fault["status"], error(fault.get("code", "unavailable"), "A fault of the test."))
                return True
        return False

    def _page(self, item: str | None) -> None:
        cookies = {"Set-Cookie": "csrftoken=test-token; SameSite=Lax; Path=/"}
        user = re.search(r"[?&]user=(\w+)", self.path)
        page = PAGE.format(item=item or "", user=user.group(1) if user else "1")
        self._send(
            200, "text/html; charset=utf-8", page.encode(), {"Content-Security-Policy": CSP, **cookies}
        )

    def _static(self, path: str) -> None:
        file = (ROOT / "frontend_static" / path).resolve()
        if not file.is_file() or ROOT / "frontend_static" not in file.parents:
            return self._json(404, error("not_found", path))
        kind = "application/wasm" if file.suffix == ".wasm" else mimetypes.guess_type(file.name)[0] or ""
        cache = "max-age=3600" if path.startswith("vendor/") else "no-cache"
        return self._send(
            200, kind, file.read_bytes(), {"Cache-Control": cache, "Content-Security-Policy": CSP}
        )

    def _metadata(self, series: str) -> None:
        wanted = re.search(r"case=(\w+)", self.path)
        case = self.state.cases[wanted.group(1)] if wanted else self._case_of(series)
        rows = []
        for ds in case.read():
            slim = pydicom.Dataset(
                {tag: ds[tag] for tag in list(ds.keys()) if tag != 0x7FE00010 and not tag.is_private}
            )
            rows.append(slim.to_json_dict(suppress_invalid_tags=True))
        self._send(200, "application/dicom+json", json.dumps(rows).encode())

    def _case_of(self, series: str) -> Case:
        return next(c for c in self.state.cases.values() if c.read()[0].SeriesInstanceUID == series)

    def _frame(self, uid: str, number: str) -> None:
        instances = (ds for case in self.state.cases.values() for ds in case.read())
        ds = next(ds for ds in instances if uid == ds.SOPInstanceUID)
        frames, syntax = int(ds.get("NumberOfFrames", 1)), ds.file_meta.TransferSyntaxUID
        if syntax.is_encapsulated:
            data = list(generate_frames(ds.PixelData, number_of_frames=frames))[int(number) - 1]
        else:
            size = ds.Rows * ds.Columns * ds.get("SamplesPerPixel", 1) * ds.BitsAllocated // 8
            data = ds.PixelData[size * (int(number) - 1) : size * int(number)]
        kind = f"application/octet-stream; transfer-syntax={syntax}"
        self._send(200, kind, data, {"Cache-Control": "private, max-age=31536000, immutable"})

    def _next(self, body: dict[str, Any]) -> None:
        case = self.state.next_case(body)
        if case is None:
            return self._send(204, "application/json", b"")
        return self._json(200, self.state.document(case))

    def _workspace(self, item: str) -> None:
        case = self.state.cases.get(item)
        if case is None:
            return self._json(404, error("not_found", "There is no such case."))
        return self._json(200, self.state.document(case))

    def _annotation(self, item: str, body: dict[str, Any]) -> None:
        self._json(*self.state.save(self.state.cases[item], body))

    def _close(self, item: str, kind: str, body: dict[str, Any]) -> None:
        case = self.state.cases[item]
        if kind == "submit" and body["base_version"] != len(case.versions):
            return self._json(409, error("stale_version", "This case was saved by someone else meanwhile."))
        case.closed = "submitted" if kind == "submit" else f"skipped: {body['reason']}"
        return self._json(200, {"version": len(case.versions)})

    def _ok(self, _item: str, body: dict[str, Any] | None = None) -> None:
        self._json(200, {"expires_at": "2099-01-01T00:00:00Z", "noted": body})

    def _test_state(self) -> None:
        cases = {c.id: {"versions": c.versions, "closed": c.closed} for c in self.state.cases.values()}
        self._json(200, {"cases": cases, "requests": self.state.requests})

    def _test_fault(self, body: dict[str, Any]) -> None:
        self.state.faults = [body] if body else []
        self._json(200, {})

    def _test_save(self, item: str, body: dict[str, Any]) -> None:
        self._json(*self.state.save(self.state.cases[item], body))

    def _json(self, status: int, value: Any) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: int, kind: str, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.end_headers()
            self.wfile.write(data)


def serve(cases: list[Case], port: int = 0) -> tuple[ThreadingHTTPServer, State]:
    """Start serving on the loopback in a thread; port 0 takes a free one."""
    state = State(cases)
    handler = type("BoundHandler", (Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, state


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--port", type=int, default=8110)
    options = parser.parse_args()
    server, _ = serve(default_cases(options.data), options.port)
    forever: Callable[[], None] = threading.Event().wait  # type: ignore[assignment]
    try:
        forever()
    except KeyboardInterrupt:
        server.shutdown()


if __name__ == "__main__":
    main()
