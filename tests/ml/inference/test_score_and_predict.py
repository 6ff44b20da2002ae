"""Scores equal brute force and are reused; predictions come at full frame size."""

import base64
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.data.manifest import read_manifest
from ml.data.preprocess import normalise, prepare, restore
from ml.data.units import read_mask
from ml.imaging.masks import decode_rle
from ml.imaging.reader import read_frame
from ml.inference.predict import predict
from ml.inference.score import load_scores, score
from ml.metrics.overlap import dice_per_class
from ml.models.files import load_model
from ml.training.config import TrainConfig
from ml.training.train import train
from tests.ml.learning_samples import CLASSIFICATION, SEGMENTATION, make_manifest

CONFIG = TrainConfig(
    architecture="small_cnn",
    size=32,
    batch_size=8,
    steps=20,
    epochs=1,
    bootstrap=10,
    threads=1,
    decode_workers=1,
)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("c")
    manifest = make_manifest(folder, task=CLASSIFICATION, splits={"train": 12, "test": 4, "pool": 11})
    train(manifest, folder / "run", CONFIG)
    return folder / "run", manifest


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("s")
    manifest = make_manifest(
        folder, task=SEGMENTATION, splits={"train": 12, "test": 4, "pool": 3}, shape=(50, 38)
    )
    config = dataclasses.replace(CONFIG, architecture="small_unet", steps=50)
    train(manifest, folder / "run", config)
    return folder / "run", manifest


def _brute_force(run_dir: Path, manifest: Path, name: str) -> torch.Tensor:
    """Probabilities [passes, options] of one item, image by image, without the cache."""
    network, card = load_model(run_dir, torch.device("cpu"))
    frame = read_manifest(manifest).by_id()[name].frames[0]
    canvas = prepare(read_frame(frame.path, frame=frame.frame, kind=frame.kind).pixels, card.preprocess)
    stored = torch.from_numpy(canvas.pixels)[None]
    image = normalise(stored, torch.tensor([canvas.mean]), torch.tensor([canvas.std]))
    with torch.inference_mode():
        logits = [network(x).answers["finding"][0] for x in (image, image.flip(-1))]
    return torch.softmax(torch.stack(logits) / card.temperatures.get("finding", 1.0), dim=-1)


def test_scores_equal_brute_force_whatever_the_batch_size(classifier, tmp_path):
    run_dir, manifest = classifier
    for batch_size in (4, 32):
        result = score(run_dir, manifest, tmp_path / str(batch_size), batch_size=batch_size)
        scores = load_scores(result.path)
        assert scores["ids"].tolist() == [f"pool{i}" for i in range(11)]
        for row in (0, 5, 10):
            p = _brute_force(run_dir, manifest, f"pool{row}").numpy()
            mean = p.mean(0)
            doubt = -(mean * np.log(mean)).sum() / np.log(2)
            assert scores["probabilities"][row] == pytest.approx(p, abs=1e-4)
            assert scores["entropy"][row] == pytest.approx(doubt, abs=1e-3)
            assert scores["class_entropy"][row] == pytest.approx(mean * doubt, abs=1e-3)


def test_what_the_same_model_has_scored_is_reused(classifier, tmp_path):
    run_dir, manifest = classifier
    first = score(run_dir, manifest, tmp_path, ids=["pool0", "pool1"])
    second = score(run_dir, manifest, tmp_path)
    assert (first.scored, first.reused) == (2, 0)
    assert (second.scored, second.reused) == (9, 2)
    other_passes = score(run_dir, manifest, tmp_path, passes="plain")
    assert (other_passes.scored, other_passes.reused) == (11, 0)


def test_a_cancelled_scoring_keeps_its_rows_and_goes_on(classifier, tmp_path):
    run_dir, manifest = classifier
    score(run_dir, manifest, tmp_path / "warm")
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    stopped = score(run_dir, manifest, tmp_path / "out", batch_size=4, should_stop=stop)
    assert (stopped.state, stopped.scored) == ("cancelled", 8)
    resumed = score(run_dir, manifest, tmp_path / "out", batch_size=4)
    assert (resumed.state, resumed.scored, resumed.reused) == ("finished", 3, 8)
    whole, parts = load_scores(tmp_path / "warm/scores.npz"), load_scores(tmp_path / "out/scores.npz")
    assert np.allclose(whole["entropy"], parts["entropy"], atol=1e-5)


def test_answers_come_with_probabilities_and_confidence(classifier, tmp_path):
    run_dir, manifest = classifier
    lines = predict(run_dir, manifest, tmp_path, ["pool1", "pool0"]).read_text().splitlines()
    first = json.loads(lines[0])
    assert [json.loads(line)["id"] for line in lines] == ["pool1", "pool0"]
    shares = first["probabilities"]["finding"]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert first["content"] == {"answers": {"finding": max(shares, key=shares.get)}}
    assert first["confidence"] == pytest.approx(max(shares.values()), abs=1e-5)


def test_masks_come_at_full_frame_size_with_the_schemas_values(segmenter, tmp_path):
    run_dir, manifest = segmenter
    items = read_manifest(manifest).by_id()
    names = [f"test{i}" for i in range(4)]
    scores = []
    for line in predict(run_dir, manifest, tmp_path, names, passes="plain").read_text().splitlines():
        row = json.loads(line)
        item = items[row["id"]]
        (key,) = row["content"]["slices"]
        labels = decode_rle(base64.b64decode(row["content"]["slices"][key]), (50, 38))
        assert set(np.unique(labels)) == {0, 3}
        scores.append(dice_per_class(labels // 3, read_mask(item.slices[key], 50, 38) // 3, 2)[1])
        assert labels.tolist() == _full_size_by_hand(run_dir, item).tolist()
    assert np.mean(scores) > 0.6


def _full_size_by_hand(run_dir: Path, item) -> np.ndarray:
    network, card = load_model(run_dir, torch.device("cpu"))
    frame = item.frames[0]
    canvas = prepare(read_frame(frame.path, frame=frame.frame, kind=frame.kind).pixels, card.preprocess)
    stored = torch.from_numpy(canvas.pixels)[None]
    image = normalise(stored, torch.tensor([canvas.mean]), torch.tensor([canvas.std]))
    with torch.inference_mode():
        p = torch.softmax(network(image).masks[0], dim=0)
    return restore(p, canvas.placement).argmax(0).numpy() * 3


def test_an_id_that_the_manifest_does_not_hold_is_refused(classifier, tmp_path):
    run_dir, manifest = classifier
    with pytest.raises(ValueError, match="no item"):
        predict(run_dir, manifest, tmp_path, ["nobody"])
    with pytest.raises(ValueError, match="no item"):
        score(run_dir, manifest, tmp_path, ids=["nobody"])
