"""From physical values to grey levels: DICOM's VOI functions, look-up tables, presets, percentiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
Array = npt.NDArray[Any]
Grey = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """A window in the unit of the pixels (HU for CT). `function`: VOI LUT Function (0028,1056)."""

    center: float
    width: float
    function: Function = "LINEAR"
    label: str = ""

    @property
    def bounds(self) -> tuple[float, float]:
        """The values that become black and white (for SIGMOID: those of a linear window of its width)."""
        shift, half = (0.5, (self.width - 1) / 2) if self.function == "LINEAR" else (0.0, self.width / 2)
        return self.center - shift - half, self.center - shift + half

    @classmethod
    def from_bounds(cls, low: float, high: float, label: str = "") -> "Window":
        """The LINEAR_EXACT window that maps `low` to black and `high` to white."""
        return cls((low + high) / 2, max(high - low, 1e-6), "LINEAR_EXACT", label)


@dataclass(frozen=True)
class LookupTable:
    """`values[0]` is for the stored value `first`; below and above, the ends hold (PS3.3 C.11.1)."""

    first: int
    values: npt.NDArray[np.uint16]

    def apply(self, pixels: Array) -> npt.NDArray[np.uint16]:
        """Look up whole-numbered pixels of any shape."""
        index = np.clip(pixels.astype(np.int64) - self.first, 0, self.values.size - 1)
        return self.values[index]


@dataclass(frozen=True)
class Preset:
    """A named way to window. Exactly one of `window`, `percentiles`, `from_file` is set.

    `unit` names what the window counts in ("HU", "SUV", or "" for stored values). `modalities` it is meant
    for.
    """

    name: str
    title: str
    modalities: frozenset[str]
    window: Window | None = None
    percentiles: tuple[float, float] | None = None
    from_file: bool = False
    unit: str = ""


def _ct(name: str, title: str, width: float, center: float) -> Preset:
    return Preset(name, title, frozenset({"CT"}), Window(center, width, label=title), unit="HU")


def _suv(name: str, high: float) -> Preset:
    window = Window.from_bounds(0, high, f"SUV 0–{high:g}")
    return Preset(name, window.label, frozenset({"PT"}), window, unit="SUV")


_ALL_PRESETS = (
    _ct("soft_tissue", "Soft tissue", 400, 40),
    _ct("lung", "Lung", 1500, -600),
    _ct("liver", "Liver", 150, 90),
    _ct("bone", "Bone", 2500, 480),
    _ct("brain", "Brain", 80, 40),
    Preset("automatic", "Automatic", frozenset({"MR", "US", "XR", "CR", "NM"}), percentiles=(0.5, 99.5)),
    Preset("file", "As in the file", frozenset({"DX", "MG", "CR"}), from_file=True),
    _suv("suv_5", 5),
    _suv("suv_10", 10),
)
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL_PRESETS}


def presets_for(modality: str) -> list[Preset]:
    """The presets for a modality in the order of their keys 1–9; the automatic one if it is unknown."""
    own = [preset for preset in _ALL_PRESETS if modality in preset.modalities]
    return own or [PRESETS["automatic"]]


def apply_window(pixels: Array, window: Window) -> Grey:
    """Grey levels 0..1 (float32, same shape) by the VOI LUT function of PS3.3 C.11.2.1.2 and C.11.2.1.3.

    LINEAR is DICOM's with its half-pixel offset (C.11.2.1.2.1); NaN becomes 0. Raises ValueError for a
    width that the function does not allow (LINEAR: below 1, others: not above 0) or a function not in the
    standard.
    """
    values = np.nan_to_num(pixels.astype(np.float64), nan=-np.inf)
    center, width = window.center, window.width
    if window.function == "LINEAR":
        if width < 1:
            raise ValueError("a LINEAR window is at least 1 wide")
        grey = (values > window.bounds[0]).astype(np.float64) if width == 1 else _ramp(values, window.bounds)
    elif width <= 0:
        raise ValueError("a window is wider than 0")
    elif window.function == "LINEAR_EXACT":
        grey = _ramp(values, window.bounds)
    elif window.function == "SIGMOID":
        grey = 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -700, 700)))
    else:
        raise ValueError("the VOI function is none of LINEAR, LINEAR_EXACT, SIGMOID")
    return grey.astype(np.float32)


def to_uint8(grey: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Grey levels 0..1 as 0..255, rounded to nearest."""
    return np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)


def percentile_window(pixels: Array, low: float = 0.5, high: float = 99.5) -> Window:
    """The window between two percentiles of the finite pixels; of width 1 when all pixels are equal."""
    finite = pixels[np.isfinite(pixels)]
    if finite.size == 0:
        return Window.from_bounds(0, 1, "Automatic")
    bottom, top = (float(value) for value in np.percentile(finite.astype(np.float64), (low, high)))
    return Window.from_bounds(bottom, top if top > bottom else bottom + 1, "Automatic")


def default_window(pixels: Array, modality: str = "", stored: Sequence[Window] = ()) -> Window:
    """The file's first usable window, else the modality's preset in HU, else percentiles."""
    for window in stored:
        if window.width >= (1 if window.function == "LINEAR" else 1e-6):
            return window
    preset = presets_for(modality)[0]
    return preset.window if preset.window is not None and preset.unit == "HU" else percentile_window(pixels)


def _ramp(values: npt.NDArray[np.float64], bounds: tuple[float, float]) -> npt.NDArray[np.float64]:
    low, high = bounds
    return np.clip((values - low) / (high - low), 0, 1)
