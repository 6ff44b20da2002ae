"""From a decoded frame to a network's canvas and back: aspect kept, clipped, z-scored; masks placed and restored.

A canvas is [C, H, W]; the resized frame lies centred on it. Padding holds the frame's mean (or the window's middle),
so after normalisation it is zero. Canvases are kept as uint8 or float16 in [0, 1] with their mean and standard
deviation beside them, and are normalised on the device in batches.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

IGNORE = 255
_VERSION = 1
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Preprocess:
    """How frames become canvases of ``size`` (rows, columns).

    ``window`` (low, high) in physical units is for calibrated images such as CT: it is mapped to −2 … 2, the same in
    every image. Without one, each frame is clipped to its own percentiles ``clip`` and z-scored.
    """

    size: tuple[int, int]
    channels: int = 1
    dtype: str = "float16"
    clip: tuple[float, float] = (0.5, 99.5)
    window: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.channels not in (1, 3) or self.dtype not in ("uint8", "float16") or min(self.size) < 8:
            raise ValueError(f"Preprocessing needs 1 or 3 channels, uint8 or float16 and ≥ 8 pixels: {self}.")

    def hash(self) -> str:
        """What the tensor cache is keyed by, beside the content."""
        text = json.dumps([_VERSION, asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return asdict(self)

    @staticmethod
    def from_json(raw: dict[str, Any]) -> "Preprocess":
        """The inverse of :meth:`to_json`."""
        rows, columns = raw["size"]
        low, high = raw["clip"]
        window = tuple(raw["window"]) if raw.get("window") else None
        return Preprocess(
            (int(rows), int(columns)), int(raw["channels"]), str(raw["dtype"]), (low, high), window
        )


@dataclass(frozen=True)
class Placement:
    """Where a frame of ``rows`` × ``columns`` lies on its canvas, all in pixels."""

    rows: int
    columns: int
    top: int
    left: int
    height: int
    width: int

    @property
    def window(self) -> tuple[slice, slice]:
        """The canvas rows and columns that hold the frame."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Canvas:
    """A prepared frame: ``pixels`` [C, H, W] as stored, the mean and deviation of its [0, 1] values."""

    pixels: np.ndarray
    mean: float
    std: float
    placement: Placement


def place(rows: int, columns: int, size: tuple[int, int]) -> Placement:
    """Fit a frame into a canvas of ``size`` (rows, columns), aspect kept, centred."""
    scale = min(size[0] / rows, size[1] / columns)
    height = min(size[0], max(1, round(rows * scale)))
    width = min(size[1], max(1, round(columns * scale)))
    return Placement(rows, columns, (size[0] - height) // 2, (size[1] - width) // 2, height, width)


def prepare(pixels: np.ndarray, preprocess: Preprocess) -> Canvas:
    """Resize, clip and place a decoded frame [row, column] or [row, column, 3] of any numeric type.

    Raises:
        ValueError: the array is not a frame.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3) or 0 in pixels.shape:
        raise ValueError(f"A frame is [row, column] or [row, column, 3], not {pixels.shape}.")
    placement = place(pixels.shape[0], pixels.shape[1], preprocess.size)
    image = _as_channels(pixels, preprocess.channels)
    shape = (placement.height, placement.width)
    resized = functional.interpolate(image[None], size=shape, mode="bilinear", antialias=True)
    values = resized[0].numpy()
    low, high = preprocess.window or np.percentile(values, preprocess.clip)
    values = np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0)
    mean, std = (0.5, 0.25) if preprocess.window else (float(values.mean()), float(values.std()))
    canvas = np.full((preprocess.channels, *preprocess.size), mean, dtype=np.float32)
    canvas[:, *placement.window] = values
    stored = np.rint(canvas * 255) if preprocess.dtype == "uint8" else canvas
    return Canvas(stored.astype(preprocess.dtype), mean, max(std, 1e-3), placement)


def _as_channels(pixels: np.ndarray, channels: int) -> torch.Tensor:
    """Finite float32 [C, row, column] with one (luma) or three channels."""
    values = np.nan_to_num(pixels.astype(np.float32), posinf=0.0, neginf=0.0)
    if values.ndim == 3 and channels == 1:
        values = values @ np.asarray(_LUMA, dtype=np.float32)
    if values.ndim == 2:
        return torch.from_numpy(np.ascontiguousarray(values))[None].expand(channels, -1, -1)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))


def normalise(stored: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Z-score a batch on its device: stored [B, C, H, W] (uint8 or float16), mean and std [B] → float32."""
    scale = 1 / 255 if stored.dtype == torch.uint8 else 1.0
    gain = (scale / std).view(-1, 1, 1, 1)
    return torch.addcmul(-(mean / std).view(-1, 1, 1, 1), stored.float(), gain)


def place_mask(mask: np.ndarray, placement: Placement, size: tuple[int, int]) -> np.ndarray:
    """Put a label map [row, column] on the canvas by nearest neighbour; what is outside is 255 (ignored)."""
    if mask.shape != (placement.rows, placement.columns):
        raise ValueError(f"The mask is {mask.shape}, its frame {(placement.rows, placement.columns)}.")
    values = torch.from_numpy(np.ascontiguousarray(mask, dtype=np.uint8))[None, None].float()
    shape = (placement.height, placement.width)
    canvas = np.full(size, IGNORE, dtype=np.uint8)
    canvas[placement.window] = functional.interpolate(values, size=shape, mode="nearest-exact")[0, 0].numpy()
    return canvas


def restore(values: torch.Tensor, placement: Placement) -> torch.Tensor:
    """Bring canvas values [C, H, W] back to the frame: crop, then bilinear to [C, rows, columns]."""
    cropped = values[:, *placement.window]
    shape = (placement.rows, placement.columns)
    if tuple(cropped.shape[1:]) == shape:
        return cropped
    return functional.interpolate(cropped[None].float(), size=shape, mode="bilinear", align_corners=False)[0]
