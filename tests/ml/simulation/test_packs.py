"""The protocol's packs as manifests: counts as published, test sets fixed, masks as drawn."""

from pathlib import Path

import numpy as np
import pytest

from ml.data.manifest import parse_manifest
from ml.data.units import read_mask
from ml.imaging.reader import read_frame
from ml.simulation.packs import load_pack, subset


def test_pneumonia_keeps_the_published_test_set_and_thins_normals_to_the_prevalence(
    test_data: Path, tmp_path
):
    full, rare = load_pack("C1", test_data, tmp_path), load_pack("C2", test_data, tmp_path)
    assert len(full.split("train")) == 4708
    assert len(full.split("test")) == 624
    assert {i.id for i in full.split("test")} == {i.id for i in rare.split("test")}
    answers = [item.answers["finding"] for item in rare.split("train")]
    assert (answers.count("normal"), answers.count("pneumonia")) == (184, 3494)


@pytest.mark.slow
def test_nuclei_are_split_by_kind_and_masks_hold_every_nucleus(test_data: Path, tmp_path):
    manifest = load_pack("S2", test_data, tmp_path)
    assert parse_manifest(manifest.to_json()) == manifest
    assert len(manifest.items) == 519
    assert len(manifest.split("test")) == pytest.approx(130, abs=3)
    kinds = {item.cluster for item in manifest.items}
    assert {item.cluster for item in manifest.split("test")} == kinds
    item = manifest.split("test")[0]
    frame = item.frames[0]
    shape = read_frame(frame.path, kind="raster").pixels.shape[:2]
    drawn = read_frame(
        test_data / "seg2d-nuclei-dsb2018" / "masks" / Path(frame.path).name, kind="raster"
    ).pixels
    assert np.array_equal(read_mask(item.slices[frame.key], *shape), (drawn > 0).astype(np.uint8))


@pytest.mark.slow
def test_hippocampus_slices_keep_their_patient_on_one_side(test_data: Path, tmp_path):
    manifest = load_pack("S1", test_data, tmp_path)
    assert len({item.series for item in manifest.split("test")}) == 40
    assert len({item.series for item in manifest.items}) == 200
    assert parse_manifest(manifest.to_json()) == manifest
    labelled = next(item for item in manifest.items if item.slices)
    (key,) = labelled.slices
    shape = read_frame(labelled.frames[0].path, frame=labelled.frames[0].frame, kind="nifti").pixels.shape
    assert set(np.unique(read_mask(labelled.slices[key], *shape))) <= {0, 1, 2}


def test_a_subset_draws_from_each_split(test_data: Path, tmp_path):
    part = subset(load_pack("I1", test_data, tmp_path), train=50, test=20)
    assert (len(part.split("train")), len(part.split("test"))) == (50, 20)


def test_an_unknown_task_and_a_missing_pack_are_told(tmp_path):
    with pytest.raises(ValueError, match="choose one of"):
        load_pack("X9", tmp_path, tmp_path)
    with pytest.raises(ValueError, match="not in the given"):
        load_pack("C1", tmp_path, tmp_path)
