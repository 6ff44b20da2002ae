"""Frames with their targets: what a batch is drawn from.

Items are unrolled into units of one frame each. A question's answer holds for every frame of its item; a mask
belongs to its frame. What is unknown is marked so that no loss counts it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml.data.cache import FrameCache
from ml.data.manifest import FrameRef, Item, ManifestError, MaskRef
from ml.data.preprocess import IGNORE, Placement, place_mask
from ml.data.task import Question, Task
from ml.imaging.masks import decode_rle, unpack

UNKNOWN = -1


@dataclass(frozen=True)
class Unit:
    """One frame of one item. ``mask`` is None for nothing segmented; ``has_mask`` says whether anybody looked."""

    item: Item
    frame: FrameRef
    has_mask: bool
    mask: MaskRef | None


def units_of(items: Sequence[Item]) -> tuple[Unit, ...]:
    """Unroll items into frames."""
    return tuple(
        Unit(item, frame, item.slices is not None, (item.slices or {}).get(frame.key))
        for item in items
        for frame in item.frames
    )


def encode_answers(items: Sequence[Item], question: Question) -> torch.Tensor:
    """Targets of one question: int64 [N] option numbers, or float32 [N, options] of 0/1 for ``multiple``.

    Unknown answers are −1 (everywhere in the row for ``multiple``).
    """
    if question.type == "multiple":
        return torch.tensor([_encode_multiple(item.answers, question) for item in items]).reshape(
            len(items), len(question.options)
        )
    numbers = []
    for item in items:
        answer = (item.answers or {}).get(question.key)
        numbers.append(UNKNOWN if answer is None else question.options.index(answer))
    return torch.tensor(numbers, dtype=torch.int64)


def _encode_multiple(answers: Any, question: Question) -> list[float]:
    chosen = (answers or {}).get(question.key)
    if chosen is None:
        return [float(UNKNOWN)] * len(question.options)
    return [float(option in chosen) for option in question.options]


def read_mask(reference: MaskRef, rows: int, columns: int) -> np.ndarray:
    """A stored label map as uint8 [row, column], its bytes checked against the name.

    Raises:
        ManifestError: the blob is missing, has other bytes than its hash says, or does not fit the frame.
    """
    try:
        blob = Path(reference.path).read_bytes()
    except OSError as error:
        raise ManifestError("mask_missing", f"The mask {reference.sha256[:12]} cannot be read.") from error
    if hashlib.sha256(blob).hexdigest() != reference.sha256:
        raise ManifestError(
            "mask_changed", f"The mask {reference.sha256[:12]} has other bytes than its name."
        )
    try:
        return decode_rle(unpack(blob, 10 * rows * columns + 64), (rows, columns))
    except ValueError as error:
        raise ManifestError("mask_misfit", f"The mask {reference.sha256[:12]}: {error}") from error


class MaskStore:
    """Target masks on canvases, as class numbers 0 … K (K classes in the task's order) and 255 for ignored.

    Kept in memory up to ``limit`` bytes, since every epoch wants them again.
    """

    def __init__(self, task: Task, cache: FrameCache, limit: int = 2 * 2**30) -> None:
        self._cache = cache
        self._size = cache.preprocess.size
        self._limit = limit // (self._size[0] * self._size[1])
        self._kept: dict[str, np.ndarray] = {}
        self._numbers = class_numbers(task)

    def gather(self, units: Sequence[Unit]) -> torch.Tensor:
        """Masks of ``units`` as uint8 [B, H, W]; all 255 where nobody looked."""
        return torch.from_numpy(np.stack([self._canvas(unit) for unit in units]))

    def _canvas(self, unit: Unit) -> np.ndarray:
        if not unit.has_mask:
            return np.full(self._size, IGNORE, dtype=np.uint8)
        key = f"{unit.item.id}/{unit.frame.key}"
        if key not in self._kept:
            canvas = self._load(unit)
            if len(self._kept) >= self._limit:
                return canvas
            self._kept[key] = canvas
        return self._kept[key]

    def _load(self, unit: Unit) -> np.ndarray:
        if unit.frame not in self._cache:
            self._cache.ensure([unit.frame])
        placement: Placement = self._cache.entry(unit.frame).placement
        mask = np.zeros((placement.rows, placement.columns), dtype=np.uint8)
        if unit.mask is not None:
            mask = read_mask(unit.mask, placement.rows, placement.columns)
        return self._numbers[place_mask(mask, placement, self._size)]


def class_numbers(task: Task) -> np.ndarray:
    """A table uint8 [256] from label-map values to class numbers 1 … K; values of no class become ignored."""
    table = np.full(256, IGNORE, dtype=np.uint8)
    table[0] = 0
    for number, mask_class in enumerate(task.classes, start=1):
        table[mask_class.index] = number
    return table


def label_values(task: Task) -> np.ndarray:
    """The inverse of :func:`class_numbers`: uint8 [K + 1] from class numbers to label-map values."""
    return np.array([0, *(mask_class.index for mask_class in task.classes)], dtype=np.uint8)
