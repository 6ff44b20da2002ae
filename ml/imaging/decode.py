"""Decoding of files that nobody has looked at yet, in a child process with limits.

Image codecs crash, hang and eat memory on broken or hostile input. Here that costs one file, never the process that
asked. The child is kept over many files (starting Python takes longer than decoding one) and started anew when it
died, hung, or has served long enough.
"""

import json
import math
import os
import re
import selectors
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.imaging.errors import REASONS, UnreadableImage
from ml.imaging.reader import Frame
from ml.imaging.serve import ServedFrames
from ml.imaging.sniff import SourceKind
from ml.imaging.windowing import LookupTable, Window

Array = npt.NDArray[Any]
_DTYPE = re.compile(r"[<>|=][iuf][1248]")
_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0
_MAX_HEAD_BYTES = 64 << 20


@dataclass(frozen=True)
class Limits:
    """What one file may cost: bytes of memory in the child, seconds of wall time, bytes of decoded result. After
    `files_per_child` files the child is replaced, so that what a codec leaks does not add up.
    """

    memory: int = 2 << 30
    seconds: float = 60.0
    result: int = 512 << 20
    files_per_child: int = 1000


class Decoder:
    """A door to one child process. Use as a context manager; safe to share between threads (one file at a time).

    Every method raises UnreadableImage when the file cannot be used for any reason, including decode_timeout,
    decode_memory and decode_failed (the child died), and OSError for trouble that is not the file's (disk full).
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._lock = threading.Lock()

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        return self._child.pid if self._child else None

    def decode(
        self, path: Path | str, frames: Sequence[int] | None = None, *, kind: SourceKind | None = None
    ) -> Array:
        """Stored values [frame, row, column] or [frame, row, column, 3] of some or all frames (counting from 1);
        YBR as RGB, no rescale, no palette.
        """
        chosen = None if frames is None else list(frames)
        _, arrays = self._ask("decode", path, kind, frames=chosen, limit=self.limits.result)
        return arrays[0]

    def read(self, path: Path | str, *, frame: int = 1, kind: SourceKind | None = None) -> Frame:
        """`ml.imaging.reader.read_frame` in the child."""
        result, arrays = self._ask("read", path, kind, frame=frame)
        return Frame(
            pixels=arrays[0],
            modality=str(result["modality"]),
            spacing=tuple(result["spacing"]) if result["spacing"] else None,
            windows=tuple(Window(**window) for window in result["windows"]),
            voi_lut=LookupTable(int(result["first"]), arrays[1]) if len(arrays) > 1 else None,
        )

    def serve(
        self, path: Path | str, out: Path, *, kind: SourceKind | None = None, compact: bool = False
    ) -> ServedFrames:
        """`ml.imaging.serve.servable_frames` in the child."""
        result, _ = self._ask("serve", path, kind, out=os.path.abspath(out), compact=compact)
        ranges = tuple((int(offset), int(size)) for offset, size in result["ranges"])
        return ServedFrames(**(result | {"path": out if result["derived"] else Path(path), "ranges": ranges}))

    def thumbnail(
        self, path: Path | str, *, frame: int = 1, size: int = 256, kind: SourceKind | None = None
    ) -> bytes:
        """`ml.imaging.thumbnail.thumbnail` of a frame, in the child."""
        _, arrays = self._ask("thumbnail", path, kind, frame=frame, size=size)
        return arrays[0].tobytes()

    def _ask(
        self, operation: str, path: Path | str, kind: SourceKind | None, **options: Any
    ) -> tuple[dict[str, Any], list[Array]]:
        request = {"op": operation, "path": os.path.abspath(path), "kind": kind, **options}
        with self._lock:
            try:
                answer = self._exchange(request)
            except _Died:  # it may have been killed from outside, not by this file: ask a new one, once
                answer = self._exchange_again(request)
        return _result(answer[0]), answer[1]

    def _exchange_again(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[Array]]:
        try:
            return self._exchange(request)
        except _Died as death:
            if death.status == -signal.SIGKILL:  # nobody but the kernel, for memory, kills twice
                raise UnreadableImage("decode_memory") from None
            raise UnreadableImage("decode_failed", "The decoder crashed on this file.") from None

    def _exchange(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[Array]]:
        """One question and its answer. Raises _Died when the child ended before it had answered."""
        child = self._ready_child()
        deadline = time.monotonic() + self.limits.seconds
        self._served += 1
        try:
            _send(child, request)
            message = _receive(child, deadline)
            return message, [
                _receive_array(child, form, deadline, self.limits.result) for form in message["arrays"]
            ]
        except _Died:
            self._end()
            raise
        except TimeoutError:
            self._end()
            raise UnreadableImage("decode_timeout") from None
        except (KeyError, TypeError, ValueError):
            self._end()
            raise UnreadableImage("decode_failed", "The decoder gave no sensible answer.") from None

    def _ready_child(self) -> "subprocess.Popen[bytes]":
        if self._child and (self._child.poll() is not None or self._served >= self.limits.files_per_child):
            self._end()
        if self._child is None:
            self._child = _start(self.limits)
            self._served = 0
        return self._child

    def _end(self) -> None:
        if self._child is None:
            return
        child, self._child = self._child, None
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()


class _Died(Exception):
    """The child ended by itself, with this exit status (a signal's number below zero)."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        try:
            self.status = child.wait(1)
        except subprocess.TimeoutExpired:  # it closed its output and lives on
            self.status = 0
        super().__init__(self.status)


def _start(limits: Limits) -> "subprocess.Popen[bytes]":
    """A child that has said it is ready. It gets none of this process's environment: no passwords, no addresses."""
    child = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-P", "-m", "ml.imaging.worker", str(limits.memory), str(limits.seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={
            "PYTHONPATH": str(_ROOT),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "LC_ALL": "C.UTF-8",
        },
        bufsize=0,
    )
    try:
        _receive(child, time.monotonic() + _START_SECONDS)
    except (_Died, TimeoutError):
        child.kill()
        child.wait()
        raise OSError("the decoding process does not start") from None
    return child


def _send(child: "subprocess.Popen[bytes]", request: dict[str, Any]) -> None:
    assert child.stdin is not None
    body = json.dumps(request).encode()
    try:
        child.stdin.write(struct.pack("<L", len(body)) + body)
    except BrokenPipeError:
        raise _Died(child) from None


def _receive(child: "subprocess.Popen[bytes]", deadline: float) -> dict[str, Any]:
    (size,) = struct.unpack("<L", _take(child, 4, deadline))
    if size > _MAX_HEAD_BYTES:
        raise ValueError("the answer is too long")
    message = json.loads(_take(child, size, deadline))
    return {"arrays": [], **message}


def _receive_array(
    child: "subprocess.Popen[bytes]", form: dict[str, Any], deadline: float, limit: int
) -> Array:
    shape = tuple(int(side) for side in form["shape"])
    if not _DTYPE.fullmatch(form["dtype"]) or min(shape, default=0) < 0:
        raise ValueError("not an array")
    dtype = np.dtype(form["dtype"])
    size = math.prod(shape) * dtype.itemsize
    if size > limit:
        raise ValueError("the answer is too large")
    return np.frombuffer(_take(child, size, deadline), dtype).reshape(shape)


def _take(child: "subprocess.Popen[bytes]", size: int, deadline: float) -> bytearray:
    """Exactly `size` bytes of the child's output. Raises TimeoutError after `deadline` (monotonic seconds)."""
    assert child.stdout is not None
    data = bytearray(size)
    view, have = memoryview(data), 0
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while have < size:
            if not selector.select(max(deadline - time.monotonic(), 0)):
                raise TimeoutError
            count = os.readv(child.stdout.fileno(), [view[have:]])
            if count == 0:
                raise _Died(child)
            have += count
    return data


def _result(message: dict[str, Any]) -> dict[str, Any]:
    if message.get("ok") is True:
        return dict(message["result"])
    if "errno" in message:
        raise OSError(message["errno"], str(message.get("message") or "the decoder could not use a file"))
    reason = message.get("reason")
    raise UnreadableImage(reason if reason in REASONS else "decode_failed", str(message.get("message") or ""))
