"""What a person's clicks look like to a network: channels beside the image, all zero for nothing said.

For K classes there are 2 K + 1 channels: one click map for the background and one per class (Gaussians of σ 2 pixels at
the clicks), then the previous mask, one channel per class. Zero guidance asks for the automatic mask, so that one
network serves both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

SIGMA = 2.0


@dataclass(frozen=True)
class CanvasClick:
    """A click on a canvas: row and column in pixels (centres at integers) and the class number that is there (0 =
    background, so a click that removes)."""

    row: float
    column: float
    number: int


def guidance_channels(classes: int) -> int:
    """How many channels guidance for ``classes`` classes takes."""
    return 2 * classes + 1


def encode_guidance(
    clicks: Sequence[CanvasClick], previous: torch.Tensor | None, classes: int, size: tuple[int, int]
) -> torch.Tensor:
    """Guidance [2 K + 1, H, W] from clicks and the previous class numbers [H, W] (None: none)."""
    guidance = torch.zeros(guidance_channels(classes), *size)
    for click in clicks:
        blob = gaussian(click.row, click.column, size)
        guidance[click.number] = torch.maximum(guidance[click.number], blob)
    if previous is not None:
        for number in range(1, classes + 1):
            guidance[classes + number] = (previous == number).float()
    return guidance


def gaussian(row: float, column: float, size: tuple[int, int]) -> torch.Tensor:
    """A Gaussian of height 1 and σ 2 pixels at a canvas position, [H, W]."""
    rows = torch.arange(size[0], dtype=torch.float32) - row
    columns = torch.arange(size[1], dtype=torch.float32) - column
    return torch.exp(-(rows[:, None] ** 2 + columns[None, :] ** 2) / (2 * SIGMA**2))
