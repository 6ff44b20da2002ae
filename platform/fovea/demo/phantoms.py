"""Phantoms: chest-like radiographs with nodules, and CT-like volumes with an organ and lesions. Pure numpy.

They are made to be told apart by eye and learned by a small network in a minute, not to deceive anybody: no anatomy in them
is anyone's. Arrays are [row, column] and [slice, row, column]; the same generator state gives the same image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, gaussian_filter

Float = npt.NDArray[np.float64]

ORGAN, LESION = 1, 2


@dataclass(frozen=True)
class Radiograph:
    """12-bit pixels (uint16, larger = more attenuation) and, where there is one, the nodule: (row, column, radius) in pixels."""

    pixels: npt.NDArray[np.uint16]
    nodule: tuple[float, float, float] | None


@dataclass(frozen=True)
class Volume:
    """Hounsfield units (int16) and the label map (uint8: 1 organ, 2 lesion) of the same shape."""

    hounsfield: npt.NDArray[np.int16]
    labels: npt.NDArray[np.uint8]


def radiograph(
    rng: np.random.Generator, *, nodule: bool, contrast: float = 0.15, size: int = 384
) -> Radiograph:
    """A chest-like projection. `contrast` is the nodule's height over the lung's attenuation (0.08 is hard, 0.25 is plain)."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    jitter = rng.normal(0, 0.03, 8)
    chest = _soft(1 - (np.abs(x / (0.93 + jitter[0])) ** 3 + np.abs((y - 0.1) / 1.25) ** 4), 0.05)
    image = 0.15 + 0.55 * chest
    left = _lung(x, y, -0.43 + jitter[1], 0.33 + jitter[2] / 2, 0.60 + jitter[3])
    right = _lung(x, y, 0.43 + jitter[4], 0.31 + jitter[5] / 2, 0.57 + jitter[6])
    lungs = np.maximum(left, right)
    image -= 0.42 * lungs
    image += 0.30 * np.exp(-((x / 0.10) ** 2)) * chest  # spine and mediastinum
    heart = _soft(1 - ((x - 0.16 - jitter[7]) / 0.34) ** 2 - ((y - 0.32) / 0.30) ** 2, 0.12)
    image += 0.26 * heart
    image += _ribs(x, y, rng) * chest
    image += 0.022 * _texture(rng, size, size / 70) * lungs + 0.03 * _texture(rng, size, size / 9)
    spot = None
    if nodule:
        row, column, radius = _place_nodule(rng, lungs * (1 - heart), size)
        rows, columns = np.mgrid[0:size, 0:size]
        distance = np.hypot(rows - row, columns - column) / radius
        image += contrast * np.clip(1.3 - distance**2, 0, 1)
        spot = (row, column, radius)
    image += rng.normal(0, 0.012, image.shape)
    pixels = np.clip(image * 3300 + 300, 0, 4095).astype(np.uint16)
    return Radiograph(pixels, spot)


def ct_volume(rng: np.random.Generator, *, slices: int = 14, size: int = 160) -> Volume:
    """An abdomen-like volume: fat, muscle, spine, a large organ with lesions, and a decoy of nearly the organ's density."""
    z, y, x = np.mgrid[-1 : 1 : slices * 1j, -1 : 1 : size * 1j, -1 : 1 : size * 1j]
    wide, tall = 0.86 + rng.normal(0, 0.03), 0.66 + rng.normal(0, 0.03)
    body = (x / wide) ** 2 + (y / tall) ** 2
    volume = np.where(body < 1, -95.0, -1000.0)
    volume[body < 0.84] = 45 + rng.normal(0, 5)
    volume[(x / 0.10) ** 2 + ((y - 0.42) / 0.11) ** 2 < 1] = rng.uniform(250, 420)
    volume[((x - 0.02) / 0.05) ** 2 + ((y - 0.22) / 0.05) ** 2 < 1] = rng.uniform(120, 180)  # a vessel
    decoy = ((x - 0.46) / 0.17) ** 2 + ((y - 0.05) / 0.24) ** 2 + (z / 0.7) ** 2 < 1
    organ = _organ(rng, x, y, z) & (body < 0.78)
    density = rng.uniform(95, 125)
    volume[decoy & (body < 0.78)] = density - rng.uniform(5, 25)
    volume[organ] = density
    labels = np.zeros(volume.shape, np.uint8)
    labels[organ] = ORGAN
    for lesion, change in _lesions(rng, organ, size, slices):
        volume[lesion] += change
        labels[lesion] = LESION
    inside = body < 1
    noisy = gaussian_filter(volume, (0, 0.7, 0.7)) + inside * rng.normal(0, rng.uniform(10, 18), volume.shape)
    return Volume(np.clip(np.rint(noisy), -1024, 3071).astype(np.int16), labels)


def _soft(level: Float, width: float) -> Float:
    """1 where the level is well above 0, 0 well below, with an edge of that width."""
    return np.asarray(1 / (1 + np.exp(-np.clip(level / width, -40, 40))))


def _lung(x: Float, y: Float, centre: float, half_width: float, half_height: float) -> Float:
    lean = x - centre + 0.10 * y * np.sign(centre)
    return _soft(
        1 - np.abs(lean / half_width) ** 2.4 - np.abs((y + 0.06) / (half_height + 0.08)) ** 2.6, 0.08
    )


def _ribs(x: Float, y: Float, rng: np.random.Generator) -> Float:
    curve = y - 0.32 * x**2 + 0.10 * np.abs(x) + rng.normal(0, 0.02)
    bands = np.clip(np.cos(curve * 22 + rng.uniform(0, 6.28)), 0.55, 1) - 0.55
    return np.asarray(0.16 * bands * _soft(np.abs(x) - 0.14, 0.015) * _soft(0.84 - np.abs(x), 0.03))


def _texture(rng: np.random.Generator, size: int, sigma: float) -> Float:
    field = gaussian_filter(rng.normal(0, 1, (size, size)), sigma)
    return np.asarray(field / field.std())


def _place_nodule(rng: np.random.Generator, lungs: Float, size: int) -> tuple[float, float, float]:
    rows, columns = np.nonzero(lungs > 0.9)
    pick = rng.integers(rows.size)
    return float(rows[pick]), float(columns[pick]), float(rng.uniform(0.05, 0.09) * size)


def _organ(rng: np.random.Generator, x: Float, y: Float, z: Float) -> npt.NDArray[np.bool_]:
    cx, cy = -0.36 + rng.normal(0, 0.04), -0.06 + rng.normal(0, 0.04)
    angle = rng.normal(0.25, 0.12)
    u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
    v = -(x - cx) * np.sin(angle) + (y - cy) * np.cos(angle)
    wobble = (
        1
        + 0.12 * np.sin(3 * np.arctan2(v, u) + rng.uniform(0, 6.28))
        + 0.08 * np.sin(2 * z + rng.uniform(0, 6.28))
    )
    inside = (u / 0.40) ** 2 + (v / 0.33) ** 2 + (z / 0.95) ** 2 < wobble**2
    return np.asarray(inside)


def _lesions(
    rng: np.random.Generator, organ: npt.NDArray[np.bool_], size: int, slices: int
) -> list[tuple[npt.NDArray[np.bool_], float]]:
    """One to three balls inside the organ, each darker or (one in four) brighter than it by 30 to 65 HU."""
    found = []
    zs, ys, xs = np.nonzero(binary_erosion(organ, np.ones((1, 3, 3)), iterations=6))
    if not zs.size:
        return []
    k, j, i = np.mgrid[0 : organ.shape[0], 0:size, 0:size]
    for _ in range(rng.integers(1, 4)):
        pick = rng.integers(zs.size)
        radius = rng.uniform(0.045, 0.10) * size
        in_plane = np.hypot(j - ys[pick], i - xs[pick])
        along = (k - zs[pick]) * size / slices / 2.2
        ball = (np.hypot(in_plane, along) < radius) & organ
        found.append((ball, float(rng.uniform(30, 65) * (1 if rng.random() < 0.25 else -1))))
    return found
