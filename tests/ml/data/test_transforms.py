"""Augmentation moves images and masks alike and depends on its generator alone."""

import pytest
import torch

from ml.data.preprocess import IGNORE
from ml.data.transforms import NO_AUGMENTATION, Augmentation, augment


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_no_augmentation_changes_nothing():
    images, masks = torch.randn(2, 1, 16, 16), torch.randint(0, 3, (2, 16, 16), dtype=torch.uint8)
    out, out_masks = augment(images, masks, NO_AUGMENTATION, _generator())
    assert torch.equal(out, images)
    assert torch.equal(out_masks, masks)


@pytest.mark.parametrize("shape", [(32, 32), (24, 40)])
def test_image_and_mask_move_together(shape):
    masks = torch.zeros(8, *shape, dtype=torch.uint8)
    masks[:, 8:20, 8:24] = 1
    geometry = Augmentation(elastic=0.02, flip_vertical=True, brightness=0, contrast=0, noise=0)
    out, out_masks = augment(masks[:, None].float(), masks, geometry, _generator())
    assert not torch.equal(out_masks, masks)
    seen = out_masks != IGNORE
    agree = ((out[:, 0] > 0.5) == (out_masks == 1))[seen].float().mean()
    assert agree > 0.97


def test_what_comes_from_outside_is_ignored_in_masks():
    masks = torch.ones(4, 16, 16, dtype=torch.uint8)
    geometry = Augmentation(
        degrees=0, scale=0, shift=0.5, flip_horizontal=False, brightness=0, contrast=0, noise=0
    )
    _, out_masks = augment(masks[:, None].float(), masks, geometry, _generator())
    assert set(out_masks.unique().tolist()) == {1, IGNORE}


def test_flips_are_exact():
    images = torch.randn(64, 1, 8, 8)
    flips = Augmentation(0, 0, 0, 0, True, False, 0, 0, 0, 0)
    out, _ = augment(images, None, flips, _generator())
    flipped = torch.isclose(out, images.flip(-1), atol=1e-5).all(dim=3).all(dim=2).all(dim=1)
    same = torch.isclose(out, images, atol=1e-5).all(dim=3).all(dim=2).all(dim=1)
    assert (flipped | same).all()
    assert 10 < int(flipped.sum()) < 54


def test_the_generator_decides_everything():
    images, strong = torch.randn(3, 1, 16, 16), Augmentation(elastic=0.05, gamma=0.3)
    first, _ = augment(images, None, strong, _generator(1))
    torch.manual_seed(99)
    again, _ = augment(images, None, strong, _generator(1))
    other, _ = augment(images, None, strong, _generator(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
