"""Clicks: guidance where they are, simulated ones at the deepest mistake, answers that follow them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.data.manifest import read_manifest
from ml.data.units import read_mask
from ml.imaging.reader import read_frame
from ml.inference.interactive import Click, Segmenter, changed_region
from ml.inference.score import score
from ml.metrics.overlap import dice_per_class
from ml.models.guidance import CanvasClick, encode_guidance
from ml.models.weights import WeightsError
from ml.training.clicks import next_click
from ml.training.config import TrainConfig
from ml.training.train import train
from tests.ml.learning_samples import SEGMENTATION, make_manifest

CONFIG = TrainConfig(
    architecture="small_unet", size=32, batch_size=8, steps=80, epochs=1, bootstrap=10, threads=1,
    decode_workers=1, interactive=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("clicks")
    manifest = make_manifest(
        folder, task=SEGMENTATION, splits={"train": 12, "test": 6, "pool": 2}, shape=(48, 40)
    )
    train(manifest, folder / "run", CONFIG)
    return folder / "run", manifest


def test_guidance_holds_clicks_and_the_previous_mask_in_their_channels():
    previous = torch.zeros(16, 16)
    previous[2:5, 2:5] = 2
    guidance = encode_guidance([CanvasClick(4, 9, 1), CanvasClick(12, 3, 0)], previous, 2, (16, 16))
    assert guidance.shape == (5, 16, 16)
    assert guidance[1, 4, 9] == 1
    assert guidance[0, 12, 3] == 1
    assert guidance[2].sum() == guidance[3].sum() == 0
    assert torch.equal(guidance[4], (previous == 2).float())
    assert encode_guidance([], None, 2, (16, 16)).sum() == 0


def test_a_simulated_click_lies_deepest_in_the_largest_mistake():
    truth = np.zeros((40, 40), np.uint8)
    truth[10:31, 10:31] = 1
    truth[0:3, 0:3] = 255
    click = next_click(np.zeros_like(truth), truth)
    assert (click.row, click.column, click.number) == (20, 20, 1)
    removing = next_click(np.ones_like(truth), np.where(truth == 1, 1, truth))
    assert removing.number == 0
    assert next_click(np.where(truth == 255, 7, truth).astype(np.uint8), truth) is None


def test_clicks_on_mistakes_mend_masks(trained):
    run_dir, manifest = trained
    model = Segmenter(run_dir)
    before, after = [], []
    for item in read_manifest(manifest).split("test"):
        frame = item.frames[0]
        truth = read_mask(item.slices[frame.key], 48, 40)
        canvas = model.open(read_frame(frame.path, kind=frame.kind).pixels)
        labels = np.zeros_like(truth)
        clicks: list[Click] = []
        first = model.segment(canvas, [])
        for _ in range(4):
            found = next_click(labels, truth)
            if found is None:
                break
            clicks.append(Click(found.column, found.row, found.number))
            labels = model.segment(canvas, clicks, labels)
        before.append(dice_per_class(first // 3, truth // 3, 2)[1])
        after.append(dice_per_class(labels // 3, truth // 3, 2)[1])
    assert np.mean(after) > 0.7
    assert np.mean(after) > np.mean(before)


def test_the_automatic_mask_of_an_interactive_model_can_be_scored(trained, tmp_path):
    run_dir, manifest = trained
    assert score(run_dir, manifest, tmp_path).scored == 2


def test_pixels_nobody_looked_at_stay_so(trained):
    run_dir, manifest = trained
    model = Segmenter(run_dir)
    frame = read_manifest(manifest).split("test")[0].frames[0]
    canvas = model.open(read_frame(frame.path, kind=frame.kind).pixels)
    previous = np.zeros((48, 40), np.uint8)
    previous[:10] = 255
    labels = model.segment(canvas, [Click(20, 30, 3)], previous)
    assert (labels[:10] == 255).all()
    assert (labels[10:] != 255).all()


def test_clicks_outside_or_of_unknown_classes_are_refused(trained):
    model = Segmenter(trained[0])
    canvas = model.open(np.random.default_rng(0).normal(size=(48, 40)))
    with pytest.raises(ValueError, match="outside the frame"):
        model.segment(canvas, [Click(40, 5, 3)])
    with pytest.raises(ValueError, match="knows no class 9"):
        model.segment(canvas, [Click(4, 5, 9)])


def test_a_model_trained_without_clicks_says_so(trained, tmp_path):
    manifest = trained[1]
    plain = dataclasses.replace(CONFIG, interactive=False, steps=2)
    train(manifest, tmp_path / "run", plain)
    with pytest.raises(WeightsError, match="without clicks"):
        Segmenter(tmp_path / "run")


def test_the_changed_region_is_the_smallest_rectangle():
    before = np.zeros((20, 30), np.uint8)
    after = before.copy()
    after[4, 7] = after[9, 12] = 2
    change = changed_region(before, after)
    assert (change.x, change.y, change.labels.shape) == (7, 4, (6, 6))
    patched = before.copy()
    patched[4:10, 7:13] = change.labels
    assert np.array_equal(patched, after)
    assert changed_region(before, before) is None
