"""What a recipe takes from its data: steps, channels, the CT window, how canvases are stored."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ml.data.manifest import FrameRef, Item
from ml.data.preprocess import Preprocess
from ml.data.units import Unit, read_mask, units_of
from ml.imaging.reader import Frame, read_frame
from ml.training.config import TrainConfig

_LOOK_AT = 8
_MASKS_TO_READ = 40
_WINDOW_STEP = 50.0
_PIXELS_PER_MASK = 10_000


def settle(config: TrainConfig, items: Sequence[Item]) -> TrainConfig:
    """The recipe with what depends on the labelled training items filled in: steps, channels, window."""
    config = config.with_steps(sum(len(item.frames) for item in items))
    looked_at = [_read(frame) for frame in _samples(items)]
    if not config.channels:
        coloured = any(_has_colour(frame) for frame in looked_at)
        words = "three channels: the images have colour" if coloured else "one channel: the images are grey"
        config = _because(config, f"The network takes {words}.", channels=3 if coloured else 1)
    if config.window is None and all(frame.modality == "CT" for frame in looked_at):
        window = ct_window(units_of(items))
        if window:
            reason = f"CT is shown to the network from {window[0]:.0f} to {window[1]:.0f} HU, by the labelled structures."
            config = _because(config, reason, window=window)
    return config


def preprocess_for(config: TrainConfig, items: Sequence[Item]) -> Preprocess:
    """Canvases in 8 bits when the files have no more, else in float16."""
    raster = all(frame.kind == "raster" for item in items for frame in item.frames)
    return Preprocess(
        size=(config.size, config.size),
        channels=config.channels,
        dtype="uint8" if raster else "float16",
        window=config.window,
    )


def ct_window(units: Sequence[Unit]) -> tuple[float, float] | None:
    """The 0.5th to 99.5th percentile of HU under the labelled masks (nnU-Net's rule for CT); None without masks.

    Rounded outwards to 50 HU, so that a few more labels do not change every cached canvas.
    """
    masked = [unit for unit in units if unit.mask is not None]
    stride = max(1, len(masked) // _MASKS_TO_READ)
    values = [_foreground(unit) for unit in masked[::stride][:_MASKS_TO_READ]]
    if not any(len(part) for part in values):
        return None
    low, high = np.percentile(np.concatenate(values), (0.5, 99.5))
    step = _WINDOW_STEP
    return math.floor(low / step) * step, math.ceil(high / step + 1e-6) * step


def _foreground(unit: Unit) -> np.ndarray:
    pixels = _read(unit.frame).pixels
    assert unit.mask is not None
    mask = read_mask(unit.mask, *pixels.shape[:2])
    values = pixels[(mask > 0) & (mask < 255)]
    return values[:: max(1, len(values) // _PIXELS_PER_MASK)]


def _samples(items: Sequence[Item]) -> list[FrameRef]:
    stride = max(1, len(items) // _LOOK_AT)
    return [item.frames[0] for item in items[::stride][:_LOOK_AT]]


def _read(frame: FrameRef) -> Frame:
    return read_frame(frame.path, frame=frame.frame, kind=frame.kind)


def _has_colour(frame: Frame) -> bool:
    pixels = frame.pixels
    return pixels.ndim == 3 and bool((pixels.max(axis=2) != pixels.min(axis=2)).any())


def _because(config: TrainConfig, reason: str, **changes: object) -> TrainConfig:
    return replace(config, reasons=(*config.reasons, reason), **changes)  # type: ignore[arg-type]
