"""What a recipe takes from its data, and its defaults by task and device."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from ml.data.manifest import FrameRef, Item, MaskRef
from ml.data.task import task_from_json
from ml.training.config import TrainConfig
from ml.training.plan import preprocess_for, settle
from tests.ml.learning_samples import CLASSIFICATION, SEGMENTATION, write_dicom, write_mask

CONFIG = TrainConfig(architecture="small_unet", size=32)


def _item(folder: Path, number: int, *, ct: bool, inside: int) -> Item:
    """An image of air (or 0) with a square of one value, stored as HU + 1024 for CT."""
    pixels = np.zeros((32, 32), np.uint16)
    pixels[8:16, 8:16] = inside + (1024 if ct else 0)
    mask = np.zeros((32, 32), np.uint8)
    mask[8:16, 8:16] = 3
    frame = FrameRef(f"{number}-1", **write_dicom(folder / f"{number}.dcm", pixels, ct=ct))
    return Item(str(number), "train", (frame,), slices={frame.key: MaskRef(**write_mask(folder, mask))})


def test_ct_is_windowed_by_what_was_labelled_rounded_outwards(tmp_path):
    items = [_item(tmp_path, number, ct=True, inside=40 + 20 * number) for number in range(4)]
    config = settle(CONFIG, items)
    assert config.window == (0.0, 150.0)
    assert "HU" in " ".join(config.reasons)
    assert preprocess_for(config, items).window == (0.0, 150.0)
    assert TrainConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_uncalibrated_images_get_no_window(tmp_path):
    config = settle(CONFIG, [_item(tmp_path, number, ct=False, inside=100) for number in range(2)])
    assert config.window is None
    assert config.channels == 1


def test_steps_follow_from_labels_within_bounds():
    config = TrainConfig(steps_per_label=4, min_steps=150, max_steps=600)
    assert [config.with_steps(n).steps for n in (10, 100, 1000)] == [150, 400, 600]
    assert dataclasses.replace(config, steps=7).with_steps(1000).steps == 7


def test_defaults_follow_the_task_and_the_device_and_say_why():
    answers, masks = task_from_json(CLASSIFICATION), task_from_json(SEGMENTATION)
    quick = TrainConfig.for_task(answers, labels=50)
    assert quick.architecture == "small_cnn"
    assert quick.threads >= 1
    assert TrainConfig.for_task(masks, labels=50).architecture == "small_unet"
    assert TrainConfig.for_task(masks, labels=50).interactive
    standard = TrainConfig.for_task(answers, labels=5000, device="cuda")
    assert (standard.architecture, standard.weights, standard.threads) == ("resnet50", "hub", 0)
    assert TrainConfig.for_task(answers, labels=50, side=28).size == 28
    assert all(config.reasons for config in (quick, standard))
    with pytest.raises(ValueError, match="preset"):
        TrainConfig.for_task(answers, labels=50, preset="enormous")


def test_settings_are_checked():
    with pytest.raises(ValueError, match="Unknown settings: depth"):
        TrainConfig.from_json({"depth": 3})
    with pytest.raises(ValueError, match="batch_size"):
        TrainConfig(batch_size=0)
    with pytest.raises(ValueError, match="choose one of"):
        TrainConfig(architecture="resnet9000")
    assert TrainConfig(architecture="small_unet", size=50).size == 64
