"""A run folder from a manifest: what it holds, resuming, cancelling."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ml.data.progress import Progress
from ml.training.config import TrainConfig
from ml.training.loop import TrainingError
from ml.training.train import TrainResult, train
from tests.ml.learning_samples import CLASSIFICATION, SEGMENTATION, make_manifest

QUICK = TrainConfig(
    architecture="small_cnn",
    size=32,
    batch_size=8,
    steps=24,
    epochs=3,
    bootstrap=20,
    threads=1,
    decode_workers=1,
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classification")
    return make_manifest(folder, task=CLASSIFICATION, splits={"train": 16, "val": 6, "test": 10, "pool": 4})


@pytest.fixture(scope="module")
def finished(manifest: Path) -> tuple[Path, TrainResult, list[Progress]]:
    seen: list[Progress] = []
    run_dir = manifest.parent / "run"
    return run_dir, train(manifest, run_dir, QUICK, on_progress=seen.append), seen


def test_run_folder_holds_everything_that_describes_the_run(finished):
    run_dir, result, _ = finished
    names = {path.name for path in run_dir.iterdir()}
    assert names >= {
        "config.json", "manifest.json", "model.json", "metrics.json", "curve.jsonl", "weights.safetensors",
        "checkpoint.json", "model_card.md",
    }  # fmt: skip
    assert result.state == "finished"
    assert result.headline == result.metrics["headline"]["value"]
    assert result.metrics["split"] == "test"
    assert result.metrics["items"] == 10
    curve = [json.loads(line) for line in (run_dir / "curve.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in curve] == [8, 16, 24]
    assert "from scratch" in (run_dir / "model_card.md").read_text()


def test_discs_are_told_from_noise(finished):
    assert finished[1].headline > 0.9


def test_progress_reaches_the_last_step_with_loss_and_metric(finished):
    last = [report for report in finished[2] if report.phase == "train"][-1]
    assert (last.step, last.steps) == (24, 24)
    assert last.loss is not None
    assert last.metric is not None
    assert last.eta_seconds == 0


def test_calling_again_on_a_finished_folder_returns_it(finished, manifest):
    run_dir, result, _ = finished
    before = (run_dir / "weights.safetensors").stat().st_mtime_ns
    again = train(manifest, run_dir, QUICK)
    assert again.weights_sha256 == result.weights_sha256
    assert (run_dir / "weights.safetensors").stat().st_mtime_ns == before


def test_a_cancelled_run_resumes_to_the_same_bits(finished, manifest):
    run_dir = manifest.parent / "resumed"
    asked = 0

    def stop_in_the_second_epoch() -> bool:
        nonlocal asked
        asked += 1
        return asked > 14

    result = train(manifest, run_dir, QUICK, should_stop=stop_in_the_second_epoch)
    assert result.state == "cancelled"
    assert not (run_dir / "weights.safetensors").exists()
    assert 0 < json.loads((run_dir / "checkpoint.json").read_text())["step"] < QUICK.steps
    resumed = train(manifest, run_dir, QUICK)
    assert resumed.state == "finished"
    whole = load_file(finished[0] / "weights.safetensors")
    parts = load_file(run_dir / "weights.safetensors")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    curve = [json.loads(line)["step"] for line in (run_dir / "curve.jsonl").read_text().splitlines()]
    assert curve == [8, 16, 24]


def test_a_folder_of_another_run_is_refused(finished, manifest):
    other = dataclasses.replace(QUICK, learning_rate=2e-3)
    with pytest.raises(TrainingError) as caught:
        train(manifest, finished[0], other)
    assert caught.value.reason == "other_run"


def test_labels_of_one_class_only_are_refused(tmp_path):
    path = make_manifest(tmp_path, task=CLASSIFICATION, splits={"train": 4})
    raw = json.loads(path.read_text())
    for item in raw["items"]:
        item["answers"] = {"finding": "no"}
    path.write_text(json.dumps(raw))
    with pytest.raises(TrainingError) as caught:
        train(path, tmp_path / "run", QUICK)
    assert caught.value.reason == "one_class_only"


def test_boxes_alone_are_refused_in_plain_words(tmp_path):
    path = make_manifest(tmp_path, task=CLASSIFICATION, splits={"train": 4})
    raw = json.loads(path.read_text()) | {"task": {"boxes": [{"name": "cell"}]}}
    for item in raw["items"]:
        item["answers"], item["boxes"] = None, []
    path.write_text(json.dumps(raw))
    with pytest.raises(TrainingError) as caught:
        train(path, tmp_path / "run", QUICK)
    assert caught.value.reason == "boxes_not_learned"


def test_masks_are_learned_and_measured_at_full_frame_size(tmp_path):
    manifest = make_manifest(tmp_path, task=SEGMENTATION, splits={"train": 12, "val": 2, "test": 6})
    config = dataclasses.replace(QUICK, architecture="small_unet", steps=50, epochs=2)
    result = train(manifest, tmp_path / "run", config)
    assert result.headline > 0.6
    assert result.metrics["masks"]["classes"]["disc"]["dice"]["value"] == pytest.approx(result.headline)
