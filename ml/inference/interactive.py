"""Clicks to masks: a warm model that answers with what changed.

A click is a pixel of the frame and what is there: a class to add, or the background to remove. The answer is the
smallest rectangle that holds all changed pixels, so little travels and one step undoes it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ml.data.preprocess import IGNORE, Canvas, normalise, place_mask, prepare
from ml.data.units import class_numbers, label_values
from ml.inference.batches import autocast, pick_device, trained_threads
from ml.inference.predict import label_map
from ml.models.files import load_model
from ml.models.guidance import CanvasClick, encode_guidance
from ml.models.weights import WeightsError


@dataclass(frozen=True)
class Click:
    """A click at frame pixel (x, y), counted from the top-left pixel's centre. ``value`` is the label there: a class
    index of the schema, or 0 to remove."""

    x: float
    y: float
    value: int


@dataclass(frozen=True)
class Change:
    """Labels uint8 [height, width] for the rectangle whose top-left pixel is (x, y); None when nothing changed."""

    x: int
    y: int
    labels: np.ndarray


class Segmenter:
    """A loaded interactive model; :meth:`open` an image, then ask it with clicks as often as needed."""

    def __init__(
        self, run_dir: str | os.PathLike[str], *, device: str = "auto", threads: int | None = None
    ) -> None:
        """Load the model of a run.

        Raises:
            WeightsError: the run has no model, or one that was trained without clicks.
        """
        folder = Path(run_dir)
        self._device = pick_device(device, trained_threads(folder) if threads is None else threads)
        self._network, self._card = load_model(folder, self._device)
        if not self._network.guidance:
            raise WeightsError("This model was trained without clicks; train one with “interactive” on.")

    def open(self, pixels: np.ndarray) -> Canvas:
        """Prepare a decoded frame [row, column(, 3)]; keep the result for all clicks on it."""
        return prepare(pixels, self._card.preprocess)

    def segment(
        self, canvas: Canvas, clicks: Sequence[Click], previous: np.ndarray | None = None
    ) -> np.ndarray:
        """Label map uint8 [rows, columns] at the frame's size; without clicks and ``previous`` the automatic mask.

        ``previous``: the label map so far; its 255 counts as background to the network and stays 255 in the answer.
        """
        placement, size = canvas.placement, self._card.preprocess.size
        classes = len(self._card.task.classes)
        numbers = class_numbers(self._card.task)
        before = None
        if previous is not None:
            placed = numbers[place_mask(previous, placement, size)]
            before = torch.from_numpy(np.where(placed == IGNORE, 0, placed))
        placed_clicks = [self._on_canvas(canvas, click, numbers) for click in clicks]
        guidance = encode_guidance(placed_clicks, before, classes, size)
        stored = torch.from_numpy(canvas.pixels)[None]
        image = normalise(stored, torch.tensor([canvas.mean]), torch.tensor([canvas.std]))
        inputs = torch.cat([image, guidance[None]], dim=1).to(self._device)
        with torch.inference_mode(), autocast(self._device):
            masks = self._network(inputs.contiguous(memory_format=torch.channels_last)).masks
        assert masks is not None
        labels = label_map(self._card, masks.float(), placement)
        if previous is not None:
            labels = np.where(previous == IGNORE, IGNORE, labels).astype(np.uint8)
        return labels

    def _on_canvas(self, canvas: Canvas, click: Click, numbers: np.ndarray) -> CanvasClick:
        p = canvas.placement
        if not (0 <= click.x < p.columns and 0 <= click.y < p.rows):
            raise ValueError(f"The click at ({click.x:g}, {click.y:g}) is outside the frame.")
        number = int(numbers[click.value])
        if number == IGNORE:
            known = label_values(self._card.task)[1:].tolist()
            raise ValueError(f"The model knows no class {click.value}; it knows {known} and 0 to remove.")
        row = p.top + (click.y + 0.5) * p.height / p.rows - 0.5
        column = p.left + (click.x + 0.5) * p.width / p.columns - 0.5
        return CanvasClick(row, column, number)


def changed_region(before: np.ndarray, after: np.ndarray) -> Change | None:
    """The smallest rectangle that holds every pixel in which two label maps of one shape differ."""
    differs = before != after
    if not differs.any():
        return None
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    top, left = int(rows[0]), int(columns[0])
    return Change(left, top, after[top : rows[-1] + 1, left : columns[-1] + 1].copy())
