"""Decode once: a bounded, memory-mapped cache of prepared canvases keyed by content and preprocessing.

Each call that decodes writes shards of its own (``<id>.bin``, rows of [C, H, W], and ``<id>.json``) and publishes
them by renaming the index last, so any number of processes may share a cache without locks: a shard without an index
does not exist, and the worst case is that two processes decode the same frame. Shards are touched when they are used
and the least recently used are deleted when the budget is spent; a deleted shard stays readable while it is mapped.
Rows are written with ``write`` and only read through the map, so a full disk is an OSError and never a signal.
"""

import contextlib
import json
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from ml.data.manifest import FrameRef
from ml.data.preprocess import Canvas, Placement, Preprocess, prepare
from ml.data.progress import Cancelled, OnProgress, Pace, Progress, ShouldStop, ignore_progress, never_stop
from ml.imaging.reader import read_frames

SHARD_BYTES = 128 * 2**20
BUDGET_BYTES = 20 * 2**30
_ABANDONED_SECONDS = 24 * 3600
_FRAMES_AT_ONCE = 32


@dataclass(frozen=True)
class Entry:
    """One cached frame: its shard, row, intensity statistics and place on the canvas."""

    shard: str
    row: int
    mean: float
    std: float
    placement: Placement


@dataclass(frozen=True)
class Batch:
    """Canvases as stored [B, C, H, W] with mean and std [B] and where each frame lies."""

    pixels: torch.Tensor
    mean: torch.Tensor
    std: torch.Tensor
    placements: tuple[Placement, ...]


class FrameCache:
    """Prepared frames of one preprocessing under ``root``; see the module's docstring for how they are kept."""

    def __init__(
        self, root: Path, preprocess: Preprocess, *, budget: int = BUDGET_BYTES, workers: int = 2
    ) -> None:
        self.preprocess = preprocess
        self._root = Path(root)
        self._folder = self._root / preprocess.hash()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._budget = budget
        self._workers = max(1, workers)
        self._entries: dict[str, Entry] = {}
        self._maps: dict[str, np.ndarray] = {}
        self.refresh()

    def refresh(self) -> None:
        """Learn of shards that other processes have published or deleted."""
        known = {entry.shard for entry in self._entries.values()}
        for index in sorted(self._folder.glob("*.json")):
            if index.stem not in known:
                with contextlib.suppress(FileNotFoundError):
                    self._read_index(index)

    def _read_index(self, index: Path) -> None:
        for row, (key, mean, std, placement) in enumerate(json.loads(index.read_text())):
            self._entries[key] = Entry(index.stem, row, mean, std, Placement(**placement))

    def __contains__(self, frame: FrameRef) -> bool:
        return _key(frame) in self._entries

    def entry(self, frame: FrameRef) -> Entry:
        """Where a cached frame lies; KeyError when it is not cached."""
        return self._entries[_key(frame)]

    def ensure(
        self,
        frames: Iterable[FrameRef],
        *,
        on_progress: OnProgress = ignore_progress,
        should_stop: ShouldStop = never_stop,
    ) -> int:
        """Decode what is missing, in parallel threads, as far as the budget goes; returns how many were decoded.

        Raises:
            ml.imaging.errors.UnreadableImage: a frame cannot be decoded.
            Cancelled: ``should_stop`` said so; finished frames are kept.
        """
        missing = list({_key(f): f for f in frames if f not in self}.values())
        missing = missing[: max(1, self._budget // self.frame_bytes)]
        pace, done = Pace(), 0
        canvases = self._decode(missing, should_stop)
        while done < len(missing):
            rows = min(self._shard_rows(), len(missing) - done)
            for _ in self._write_shard(missing[done : done + rows], canvases):
                done += 1
                if done % 16 == 0 or done == len(missing):
                    eta = pace.eta(done, len(missing))
                    on_progress(Progress("decode", done, len(missing), eta_seconds=eta))
        self._evict()
        return done

    def _decode(self, frames: Sequence[FrameRef], should_stop: ShouldStop) -> Iterator[Canvas]:
        """Prepared frames in order, a few files per thread ahead of the writer."""
        queue = iter(_by_file(frames))
        with ThreadPoolExecutor(self._workers) as pool:
            ahead = [pool.submit(self._load, group) for group in islice(queue, 2 * self._workers)]
            while ahead:
                if should_stop():
                    for waiting in ahead:
                        waiting.cancel()
                    raise Cancelled
                ready = ahead.pop(0)
                ahead.extend(pool.submit(self._load, group) for group in islice(queue, 1))
                yield from ready.result()

    def _load(self, group: Sequence[FrameRef]) -> list[Canvas]:
        decoded = read_frames(group[0].path, [frame.frame for frame in group], kind=group[0].kind)
        return [prepare(frame.pixels, self.preprocess) for frame in decoded]

    def _write_shard(self, frames: Sequence[FrameRef], canvases: Iterator[Canvas]) -> Iterator[int]:
        """Write canvases to one new shard, yielding per row; whatever was written is published."""
        name = uuid.uuid4().hex
        data = self._folder / f"{name}.bin"
        index = []
        try:
            with data.open("wb") as file:
                for row, frame in enumerate(frames):
                    canvas = next(canvases)
                    file.write(canvas.pixels.tobytes())
                    index.append([_key(frame), canvas.mean, canvas.std, asdict(canvas.placement)])
                    yield row
        finally:
            self._publish(name, index)

    def _publish(self, name: str, index: list[list[object]]) -> None:
        if not index:
            (self._folder / f"{name}.bin").unlink(missing_ok=True)
            return
        part = self._folder / f".{name}.part"
        part.write_text(json.dumps(index))
        self._read_index(part.rename(self._folder / f"{name}.json"))

    def gather(self, frames: Sequence[FrameRef]) -> Batch:
        """Read frames as one batch in the given order, decoding what is missing; neighbours are read as slabs."""
        entries, maps = self._hold(frames)
        missing = [frame for frame in frames if _key(frame) not in entries]
        if missing:
            self.ensure(missing)
            found, mapped = self._hold(missing)
            entries, maps = entries | found, maps | mapped
        rows = [entries[_key(frame)] for frame in frames]
        return Batch(
            torch.from_numpy(self._slabs(rows, maps)),
            torch.tensor([entry.mean for entry in rows], dtype=torch.float32),
            torch.tensor([entry.std for entry in rows], dtype=torch.float32),
            tuple(entry.placement for entry in rows),
        )

    def _hold(self, frames: Sequence[FrameRef]) -> tuple[dict[str, Entry], dict[str, np.ndarray]]:
        """The cached ones' entries and mapped shards; what another process has deleted meanwhile is forgotten."""
        entries: dict[str, Entry] = {}
        maps: dict[str, np.ndarray] = {}
        for frame in frames:
            entry = self._entries.get(_key(frame))
            if entry is None:
                continue
            try:
                maps[entry.shard] = self._map(entry.shard)
                entries[_key(frame)] = entry
            except FileNotFoundError:
                del self._entries[_key(frame)]
        return entries, maps

    def _slabs(self, rows: Sequence[Entry], maps: dict[str, np.ndarray]) -> np.ndarray:
        shape = (len(rows), self.preprocess.channels, *self.preprocess.size)
        pixels = np.empty(shape, dtype=self.preprocess.dtype)
        start = 0
        while start < len(rows):
            stop = start + 1
            while stop < len(rows) and _follows(rows[start], rows[stop], stop - start):
                stop += 1
            first = rows[start]
            pixels[start:stop] = maps[first.shard][first.row : first.row + stop - start]
            start = stop
        return pixels

    def order(self, frames: Sequence[FrameRef]) -> list[int]:
        """Indices of ``frames`` in the order they lie on disk (missing ones last), for slab reads."""
        far = ("~", 0)
        places = [self._entries.get(_key(frame)) for frame in frames]
        keys = [(entry.shard, entry.row) if entry else far for entry in places]
        return sorted(range(len(frames)), key=lambda i: keys[i])

    def _map(self, shard: str) -> np.ndarray:
        if shard not in self._maps:
            path = self._folder / f"{shard}.bin"
            rows = path.stat().st_size // self.frame_bytes
            shape = (rows, self.preprocess.channels, *self.preprocess.size)
            self._maps[shard] = np.memmap(path, dtype=self.preprocess.dtype, mode="r", shape=shape)
            path.touch()
        return self._maps[shard]

    def _evict(self) -> None:
        """Delete the least recently used shards of the whole root until it fits, but never the newest one."""
        shards = sorted(self._root.glob("*/*.bin"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in shards)
        for path in shards[:-1]:
            published = path.with_suffix(".json").exists()
            abandoned = not published and time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
            if abandoned or (published and total > self._budget):
                total -= path.stat().st_size
                path.with_suffix(".json").unlink(missing_ok=True)
                path.unlink(missing_ok=True)
        self._forget_deleted()

    def _forget_deleted(self) -> None:
        alive = {path.stem for path in self._folder.glob("*.json")}
        self._entries = {key: entry for key, entry in self._entries.items() if entry.shard in alive}
        self._maps = {shard: rows for shard, rows in self._maps.items() if shard in alive}

    @property
    def frame_bytes(self) -> int:
        """Bytes of one canvas as stored."""
        values = self.preprocess.channels * self.preprocess.size[0] * self.preprocess.size[1]
        return values * np.dtype(self.preprocess.dtype).itemsize

    def _shard_rows(self) -> int:
        return max(1, min(SHARD_BYTES, self._budget) // self.frame_bytes)


def _by_file(frames: Sequence[FrameRef]) -> list[list[FrameRef]]:
    """Neighbours of one file together, so that a volume is opened once for many of its frames."""
    groups: list[list[FrameRef]] = []
    for frame in frames:
        last = groups[-1] if groups else []
        if last and last[0].path == frame.path and len(last) < _FRAMES_AT_ONCE:
            last.append(frame)
        else:
            groups.append([frame])
    return groups


def _key(frame: FrameRef) -> str:
    return f"{frame.sha256}-{frame.frame}"


def _follows(first: Entry, entry: Entry, distance: int) -> bool:
    return entry.shard == first.shard and entry.row == first.row + distance
