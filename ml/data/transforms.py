"""Augmentation of whole batches on their device: one grid sample for image and mask, then intensities.

Parameters follow ../shared/docs/LEARNING.md 4: ±15°, scale 0.85–1.15, shift 10 %, flips where the anatomy allows,
elastic deformation for masks, brightness, contrast, gamma and noise on z-scored images.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from ml.data.preprocess import IGNORE


@dataclass(frozen=True)
class Augmentation:
    """Strengths; zero turns a part off. ``shift`` and ``elastic`` are shares of the image's side."""

    degrees: float = 15.0
    scale: float = 0.15
    shift: float = 0.10
    elastic: float = 0.0
    flip_horizontal: bool = True
    flip_vertical: bool = False
    brightness: float = 0.2
    contrast: float = 0.2
    gamma: float = 0.0
    noise: float = 0.1


NO_AUGMENTATION = Augmentation(0, 0, 0, 0, False, False, 0, 0, 0, 0)


def augment(
    images: torch.Tensor,
    masks: torch.Tensor | None,
    augmentation: Augmentation,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Augment z-scored images [B, C, H, W] and, by the same geometry, label maps [B, H, W].

    All randomness comes from ``generator`` (a CPU generator, so that runs agree across devices). What a mask shows
    of the outside becomes 255 (ignored); the outside of an image is 0, its mean.
    """
    grid = sampling_grid(images.shape, augmentation, generator, images.device)
    if grid is not None:
        images = functional.grid_sample(
            images, grid, mode="bilinear", padding_mode="zeros", align_corners=False
        )
        if masks is not None:
            masks = _sample_masks(masks, grid)
    return _intensities(images, augmentation, generator), masks


def sampling_grid(
    shape: torch.Size, augmentation: Augmentation, generator: torch.Generator, device: torch.device
) -> torch.Tensor | None:
    """Where each output pixel is read, [B, H, W, 2] in (x, y) of −1 … 1; None when nothing moves."""
    a = augmentation
    moves = a.degrees or a.scale or a.shift or a.elastic or a.flip_horizontal or a.flip_vertical
    if not moves:
        return None
    batch, _, rows, columns = shape
    theta = _affine(batch, rows / columns, a, generator)
    grid = functional.affine_grid(theta.to(device), [batch, 1, rows, columns], align_corners=False)
    if a.elastic:
        coarse = a.elastic * torch.randn(batch, 2, 5, 5, generator=generator)
        field = functional.interpolate(
            coarse.to(device), size=(rows, columns), mode="bicubic", align_corners=True
        )
        grid = grid + field.permute(0, 2, 3, 1)
    return grid


def _affine(batch: int, aspect: float, a: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Inverse affine matrices [B, 2, 3]; rotation is in pixels, so the aspect is divided out of it."""

    def uniform(spread: float) -> torch.Tensor:
        return (torch.rand(batch, generator=generator) * 2 - 1) * spread

    angle = uniform(math.radians(a.degrees))
    zoom = 1 + uniform(a.scale)
    flip_x, flip_y = (torch.rand(2, batch, generator=generator) < 0.5).float()
    sign_x = 1 - 2 * flip_x * a.flip_horizontal
    sign_y = 1 - 2 * flip_y * a.flip_vertical
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    theta = torch.zeros(batch, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos * sign_x, sin * aspect * sign_x
    theta[:, 1, 0], theta[:, 1, 1] = -sin / aspect * sign_y, cos * sign_y
    theta[:, 0, 2], theta[:, 1, 2] = 2 * uniform(a.shift), 2 * uniform(a.shift)
    return theta


def _sample_masks(masks: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Nearest neighbour; shifted by 255 so that the zero padding of ``grid_sample`` means ignored."""
    shifted = masks[:, None].float() - IGNORE
    sampled = functional.grid_sample(shifted, grid, mode="nearest", padding_mode="zeros", align_corners=False)
    return (sampled[:, 0] + IGNORE).to(masks.dtype)


def _intensities(images: torch.Tensor, a: Augmentation, generator: torch.Generator) -> torch.Tensor:
    shape = (images.shape[0], 1, 1, 1)

    def uniform(spread: float) -> torch.Tensor:
        return ((torch.rand(shape, generator=generator) * 2 - 1) * spread).to(images.device)

    if a.gamma:
        low, high = images.amin((1, 2, 3), keepdim=True), images.amax((1, 2, 3), keepdim=True)
        span = (high - low).clamp_min(1e-6)
        images = ((images - low) / span) ** torch.exp(uniform(a.gamma)) * span + low
    if a.contrast or a.brightness:
        images = images * (1 + uniform(a.contrast)) + uniform(a.brightness)
    if a.noise:
        strength = torch.rand(shape, generator=generator).to(images.device) * a.noise
        noise = torch.randn(images.shape, generator=generator).to(images.device)
        images = images + noise * strength
    return images
