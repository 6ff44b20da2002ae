"""Frames on canvases: aspect, statistics, masks, and the way back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.preprocess import IGNORE, Preprocess, normalise, place, place_mask, prepare, restore

SIZE = (32, 32)


@given(st.integers(1, 400), st.integers(1, 400))
@settings(max_examples=50, deadline=None)
def test_a_placed_frame_fills_one_side_and_keeps_its_aspect(rows, columns):
    placement = place(rows, columns, SIZE)
    assert max(placement.height, placement.width) == 32
    assert placement.top + placement.height <= 32
    assert placement.left + placement.width <= 32
    wanted = 32 * min(rows, columns) / max(rows, columns)
    assert min(placement.height, placement.width) == pytest.approx(max(1, wanted), abs=0.51)


def test_normalised_content_is_z_scored_and_padding_is_zero():
    pixels = np.random.default_rng(0).normal(100, 20, (64, 40)).astype(np.float32)
    canvas = prepare(pixels, Preprocess(SIZE))
    image = normalise(
        torch.from_numpy(canvas.pixels)[None], torch.tensor([canvas.mean]), torch.tensor([canvas.std])
    )[0, 0]
    inside = image[canvas.placement.window]
    assert inside.mean().abs() < 0.01
    assert abs(inside.std() - 1) < 0.02
    outside = torch.ones(SIZE, dtype=torch.bool)
    outside[canvas.placement.window] = False
    assert image[outside].abs().max() < 0.01


def test_outliers_are_clipped_and_bad_numbers_do_not_spread():
    pixels = np.random.default_rng(0).uniform(0, 1, (64, 64)).astype(np.float32)
    pixels[0, 0], pixels[5, 5], pixels[9, 9] = 1e6, np.nan, np.inf
    canvas = prepare(pixels, Preprocess((64, 64)))
    assert np.isfinite(canvas.pixels).all()
    assert np.median(canvas.pixels) == pytest.approx(0.5, abs=0.05)


def test_eight_bits_hold_eight_bit_images_within_half_a_level():
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    coarse = prepare(pixels, Preprocess(SIZE, channels=3, dtype="uint8", clip=(0, 100)))
    fine = prepare(pixels, Preprocess(SIZE, channels=3, clip=(0, 100)))
    assert np.abs(coarse.pixels / 255 - fine.pixels.astype(np.float32)).max() < 0.003


def test_colour_becomes_grey_by_luma_and_grey_becomes_three_equal_channels():
    green = np.zeros((32, 32, 3), np.uint8)
    green[:16, :, 1] = 255
    assert prepare(green, Preprocess(SIZE)).pixels.shape == (1, 32, 32)
    tripled = prepare(green[..., 1], Preprocess(SIZE, channels=3)).pixels
    assert (tripled[0] == tripled[1]).all()
    assert (tripled[0] == tripled[2]).all()


def test_a_mask_goes_to_the_canvas_and_back_at_full_size():
    mask = np.zeros((90, 60), np.uint8)
    mask[20:60, 10:50] = 3
    placement = place(90, 60, SIZE)
    canvas = place_mask(mask, placement, SIZE)
    assert set(np.unique(canvas)) == {0, 3, IGNORE}
    back = restore(torch.from_numpy((canvas == 3).astype(np.float32))[None], placement)[0] > 0.5
    assert back.shape == mask.shape
    agree = (back.numpy() == (mask == 3)).mean()
    assert agree > 0.95


def test_restoring_is_exact_when_nothing_was_resized():
    values = torch.rand(2, 32, 32)
    assert torch.equal(restore(values, place(32, 32, SIZE)), values)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="its frame"):
        place_mask(np.zeros((3, 3), np.uint8), place(4, 4, SIZE), SIZE)


def test_the_hash_tells_preprocessings_apart_and_survives_json():
    one = Preprocess(SIZE)
    assert one.hash() != Preprocess(SIZE, channels=3).hash()
    assert Preprocess.from_json(one.to_json()).hash() == one.hash()
