"""The child process that `ml.imaging.decode` drives: one request after the other, one file each.

Run as `python -m ml.imaging.worker MEMORY SECONDS`. A message is 4 bytes of length, that much JSON, then the arrays the
JSON announces. JSON and raw numbers only: a child that a hostile file has taken over can send nonsense, but nothing
that its parent would execute.
"""

import json
import math
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ml.imaging.errors import UnreadableImage
from ml.imaging.nifti import read_nifti
from ml.imaging.raster import raster_info, read_raster
from ml.imaging.reader import read_frame
from ml.imaging.serve import servable_frames
from ml.imaging.sniff import SourceKind, detect_kind
from ml.imaging.stored import open_frames
from ml.imaging.thumbnail import thumbnail

Arrays = list[npt.NDArray[Any]]
Answer = tuple[dict[str, Any], Arrays]
GRACE_SECONDS = 5  # the parent kills first; this is for when the parent is gone


def stored_values(path: Path, kind: SourceKind, frames: list[int] | None, limit: int) -> npt.NDArray[Any]:
    """Stored values [frame, …] of some or all frames. Raises UnreadableImage, also when they exceed `limit` bytes."""
    if kind == "dicom":
        with open_frames(path) as stored:
            pixels = stored.pixels
            numbers = frames or list(range(1, pixels.frames + 1))
            _check(len(numbers) * math.prod(pixels.shape) * pixels.dtype.itemsize, limit)
            return np.stack([stored.decode(number) for number in numbers])
    if kind == "raster":
        info = raster_info(path)
        numbers = frames or list(range(1, info.frames + 1))
        _check(len(numbers) * info.rows * info.columns * 4, limit)
        return np.stack([read_raster(path, number) for number in numbers])
    volume, _ = read_nifti(path)
    numbers = frames or list(range(1, len(volume) + 1))
    if not all(1 <= number <= len(volume) for number in numbers):
        raise UnreadableImage("frame_out_of_range")
    _check(len(numbers) * volume[0].nbytes, limit)
    return volume[[number - 1 for number in numbers]]


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise UnreadableImage("size_claim_too_large")


def _decode(request: dict[str, Any], path: Path, kind: SourceKind) -> Answer:
    return {}, [stored_values(path, kind, request["frames"], request["limit"])]


def _read(request: dict[str, Any], path: Path, kind: SourceKind) -> Answer:
    frame = read_frame(path, frame=request["frame"], kind=kind)
    windows = [asdict(window) for window in frame.windows]
    table = frame.voi_lut
    answer = {
        "modality": frame.modality,
        "spacing": frame.spacing,
        "windows": windows,
        "first": table.first if table else 0,
    }
    return answer, [frame.pixels, *([table.values] if table else [])]


def _serve(request: dict[str, Any], path: Path, kind: SourceKind) -> Answer:
    served = servable_frames(path, Path(request["out"]), kind=kind, compact=request["compact"])
    return asdict(served) | {"path": str(served.path)}, []


def _thumbnail(request: dict[str, Any], path: Path, kind: SourceKind) -> Answer:
    picture = thumbnail(read_frame(path, frame=request["frame"], kind=kind), request["size"])
    return {}, [np.frombuffer(picture, np.uint8)]


_OPERATIONS: dict[str, Callable[[dict[str, Any], Path, SourceKind], Answer]] = {
    "decode": _decode,
    "read": _read,
    "serve": _serve,
    "thumbnail": _thumbnail,
}


def answer(request: dict[str, Any]) -> Answer:
    """Do one request; whatever goes wrong is part of the answer."""
    try:
        path = Path(request["path"])
        result, arrays = _OPERATIONS[request["op"]](request, path, request["kind"] or detect_kind(path))
        return {"ok": True, "result": result}, arrays
    except UnreadableImage as error:
        return {"ok": False, "reason": error.reason, "message": error.message}, []
    except MemoryError:
        return {"ok": False, "reason": "decode_memory", "message": ""}, []
    except RecursionError:
        return {"ok": False, "reason": "nested_too_deep", "message": ""}, []
    except OSError as error:  # the machine's trouble (disk full, file gone), not the file's
        return {"ok": False, "errno": error.errno, "message": error.strerror}, []
    except BaseException:  # noqa: BLE001 - Rust codecs raise panics that are not Exceptions; any of it is this file
        return {"ok": False, "reason": "decode_failed", "message": ""}, []


def send(stream: BinaryIO, message: dict[str, Any], arrays: Arrays) -> None:
    """Write one message."""
    forms = [{"dtype": array.dtype.str, "shape": array.shape} for array in arrays]
    head = json.dumps(message | {"arrays": forms}).encode()
    stream.write(struct.pack("<L", len(head)) + head)
    for array in arrays:
        stream.write(np.ascontiguousarray(array).data)
    stream.flush()


def main(memory: int, seconds: float) -> None:
    """Answer requests from standard input on standard output until the input ends."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # codecs print; what they print may be a patient's
        os.dup2(quiet, standard)
    send(answers, {"ok": True, "result": "ready"}, [])
    while head := requests.read(4):
        request = json.loads(requests.read(struct.unpack("<L", head)[0]))
        signal.alarm(
            math.ceil(seconds) + GRACE_SECONDS
        )  # the kernel's clock: works in codecs that hold the lock
        message, arrays = answer(request)
        signal.alarm(0)
        send(answers, message, arrays)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
