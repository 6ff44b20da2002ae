"""Manifests: what is read is what was written, and what is wrong is said."""

import copy
from typing import Any

import pytest

from ml.data.manifest import ManifestError, parse_manifest, read_manifest, write_manifest

FRAME = {"key": "1-1", "path": "/x", "sha256": "ab", "frame": 1, "kind": "dicom"}
RAW: dict[str, Any] = {
    "format": "fovea-manifest-1",
    "seed": 3,
    "task": {
        "questions": [
            {"key": "finding", "type": "single", "options": [{"value": "yes"}, {"value": "no"}]},
            {"key": "signs", "type": "multiple", "options": [{"value": "a"}, {"value": "b"}]},
        ],
        "classes": [{"index": 2, "name": "organ"}],
    },
    "items": [
        {
            "id": 1,
            "patient": "p1",
            "split": "train",
            "frames": [FRAME],
            "answers": {"finding": "yes", "signs": []},
        },
        {"id": 2, "patient": "p2", "split": "pool", "frames": [FRAME]},
        {"id": 3, "patient": "p3", "split": "test", "frames": [FRAME], "slices": {}},
    ],
}


def test_written_manifests_read_back_equal_and_keep_their_hash(tmp_path):
    manifest = parse_manifest(RAW)
    digest = write_manifest(manifest, tmp_path / "m.json")
    again = read_manifest(tmp_path / "m.json")
    assert again == manifest
    assert again.hash() == digest


def test_the_hash_changes_with_a_label():
    other = copy.deepcopy(RAW)
    other["items"][0]["answers"]["finding"] = "no"
    assert parse_manifest(other).hash() != parse_manifest(RAW).hash()


def test_unknown_and_nothing_segmented_are_told_apart():
    items = parse_manifest(RAW).by_id()
    assert not items["2"].labelled
    assert items["3"].labelled
    assert items["3"].slices == {}


def _broken(**changes: Any) -> dict[str, Any]:
    raw = copy.deepcopy(RAW)
    raw["items"][0] |= changes
    return raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({}, "manifest_format"),
        (RAW | {"task": {}}, "task_invalid"),
        (RAW | {"task": {"classes": [{"index": 0, "name": "x"}]}}, "task_invalid"),
        (_broken(id=2), "item_repeated"),
        (_broken(split="holdout"), "split_unknown"),
        (_broken(frames=[]), "item_invalid"),
        (_broken(frames=[FRAME | {"kind": "video"}]), "item_invalid"),
        (_broken(answers={"finding": "maybe"}), "answer_unknown"),
        (_broken(answers={"signs": "a"}), "answer_unknown"),
        (_broken(slices={"9-1": {"path": "/x", "sha256": "y"}}), "item_invalid"),
        (_broken(patient="p3"), "patient_in_two_splits"),
    ],
)
def test_what_breaks_the_format_is_refused_with_its_reason(raw, reason):
    with pytest.raises(ManifestError) as caught:
        parse_manifest(raw)
    assert caught.value.reason == reason


def test_a_missing_file_and_a_file_that_is_not_json_are_told(tmp_path):
    with pytest.raises(ManifestError) as missing:
        read_manifest(tmp_path / "none.json")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(ManifestError) as broken:
        read_manifest(tmp_path / "x.json")
    assert (missing.value.reason, broken.value.reason) == ("manifest_missing", "manifest_not_json")
