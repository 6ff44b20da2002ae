"""Labels that come with images, on real packs: classes, masks, boxes, label volumes, splits and patients."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from annotations.content import wire
from annotations.models import AnnotationVersion, Item
from annotations.selectors import item_frames, schema_current, submitted_versions
from annotations.services import schema_set
from fovea.core.storage import blob_read
from fovea.datasets.models import ImportFile, Project
from fovea.datasets.services.imports import files_of_folder, import_create, import_run
from fovea.datasets.services.projects import project_create
from ml.imaging.masks import decode_rle, unpack


def pick(pack: Path, folder: Path, count: int, *more: str, where=lambda row: True) -> list[dict[str, str]]:
    """Copy the pack's first `count` rows of that kind, their files and a manifest of them into a folder."""
    with (pack / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if where(row)][:count]
    for row in rows:
        for column in ("file", *more):
            target = folder / row[column]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(pack / row[column], target)
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return rows


@pytest.fixture
def bring(people: SimpleNamespace, blob_root, django_capture_on_commit_callbacks):
    """Import a folder into a new project of that unit, as a job would; returns the project."""

    def run(
        folder: Path, *, unit: str = "image", options: dict | None = None, project: Project | None = None
    ) -> Project:
        actor = people.site_admin
        project = project or project_create(actor=actor, dataset=people.dataset, name=folder.name, unit=unit)
        with django_capture_on_commit_callbacks(execute=True):
            batch = import_create(
                actor=actor,
                dataset=people.dataset,
                files=files_of_folder(folder),
                project=project,
                options=options,
            )
            import_run(batch)
        failed = ImportFile.objects.filter(batch=batch, status="failed").values_list("name", "message")
        assert not list(failed)
        return project

    return run


def test_classes_splits_and_attributes_from_a_table(bring, test_data: Path, tmp_path: Path) -> None:
    rows = pick(test_data / "cls2d-isic2017", tmp_path, 12)
    rows += pick(test_data / "cls2d-isic2017", tmp_path, 24, where=lambda row: row["label"] == "melanoma")
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({row["file"]: row for row in rows}.values())
    project = bring(tmp_path)
    truth = {Path(row["file"]).stem: row for row in rows}
    schema = schema_current(project)
    assert [q["key"] for q in schema.spec["questions"]] == ["label"]
    items = list(Item.objects.filter(project=project).select_related("patient", "current"))
    assert len(items) == len(truth)
    for item in items:
        row = truth[item.patient.key]
        assert item.current.content["answers"] == {"label": row["label"]}
        assert (item.state, item.split, item.current.source) == ("submitted", row["split"], "import")
        assert item.patient.attributes["sex"] == row["sex"]


def test_instance_masks_become_the_one_foreground(bring, test_data: Path, tmp_path: Path) -> None:
    rows = pick(test_data / "seg2d-nuclei-dsb2018", tmp_path, 24, "mask")
    project = bring(tmp_path)
    assert [c["name"] for c in schema_current(project).spec["classes"]] == ["foreground"]
    truth = {Path(row["file"]).stem: row["mask"] for row in rows}
    for item in Item.objects.filter(project=project).select_related(
        "patient", "current", "series", "instance"
    ):
        (frame,) = item_frames(item)
        stored = item.current.content["slices"][frame.key]
        mask = decode_rle(unpack(blob_read(stored), 1 << 24), (frame.rows, frame.columns))
        expected = np.asarray(Image.open(test_data / "seg2d-nuclei-dsb2018" / truth[item.patient.key])) > 0
        assert np.array_equal(mask == 1, expected)
        assert set(np.unique(mask)) <= {0, 1}


def test_label_volumes_lie_on_the_slices_of_their_image(bring, test_data: Path, tmp_path: Path) -> None:
    import nibabel

    rows = pick(test_data / "seg3d-hippocampus", tmp_path, 3, "mask")
    options = {"label_options": {"values": {"1": "anterior", "2": "posterior"}}}
    project = bring(tmp_path, unit="series", options=options)
    assert [c["name"] for c in schema_current(project).spec["classes"]] == ["anterior", "posterior"]
    for version in submitted_versions(project.pk):
        frames = item_frames(version.item)
        shape = (frames[0].rows, frames[0].columns)
        counts = Counter()
        for name in version.content["slices"].values():
            values, sizes = np.unique(decode_rle(unpack(blob_read(name), 1 << 24), shape), return_counts=True)
            counts.update(dict(zip(values.tolist(), sizes.tolist(), strict=True)))
        row = next(
            r
            for r in rows
            if (int(r["voxels_anterior"]), int(r["voxels_posterior"])) == (counts[1], counts[2])
        )
        # the middle slice, voxel by voxel against nibabel: slices from the feet up, rows towards posterior (LPS)
        volume = nibabel.as_closest_canonical(
            nibabel.load(test_data / "seg3d-hippocampus" / row["mask"])
        ).get_fdata()
        number = volume.shape[2] // 2
        expected = volume[::-1, ::-1, number].T.astype(np.uint8)
        found = decode_rle(unpack(blob_read(version.content["slices"][frames[number].key]), 1 << 24), shape)
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("form", ["voc", "coco.json", "boxes.csv"])
def test_boxes_in_three_forms(bring, test_data: Path, tmp_path: Path, form: str) -> None:
    pack = test_data / "det2d-bccd"
    rows = pick(pack, tmp_path, 10)
    if form == "voc":
        (tmp_path / "voc").mkdir()
        for row in rows:
            shutil.copy(pack / row["annotation"], tmp_path / row["annotation"])
    else:
        shutil.copy(pack / form, tmp_path / form)
    project = bring(tmp_path)
    truth = {Path(row["file"]).stem: row for row in rows}
    versions = list(submitted_versions(project.pk).select_related("item__patient"))
    assert len(versions) == 10
    for version in versions:
        row = truth[version.item.patient.key]
        counts = Counter(box["class"] for box in version.content["boxes"])
        assert {name: counts[name] for name in ("RBC", "WBC", "Platelets")} == {
            name: int(row[f"n_{name}"]) for name in ("RBC", "WBC", "Platelets")
        }
        assert version.item.split == row["split"]


def test_what_people_labelled_is_never_overwritten(bring, test_data: Path, tmp_path: Path) -> None:
    pick(test_data / "cls2d-isic2017", tmp_path, 6)
    pick(test_data / "cls2d-isic2017", tmp_path, 6, where=lambda row: row["label"] == "melanoma")
    shutil.copytree(tmp_path, tmp_path.parent / "again")
    project = bring(tmp_path)
    before = AnnotationVersion.objects.count()
    bring(tmp_path.parent / "again", project=project)
    assert AnnotationVersion.objects.count() == before


def test_an_answer_that_the_project_does_not_offer_is_reported_not_stored(
    bring, people, test_data, tmp_path
) -> None:
    pick(test_data / "cls2d-isic2017", tmp_path, 4)
    project = project_create(actor=people.site_admin, dataset=people.dataset, name="other", unit="image")
    schema_set(
        actor=people.site_admin, project=project, spec={"questions": [{"key": "q", "options": ["yes", "no"]}]}
    )
    bring(tmp_path, project=project)
    assert not AnnotationVersion.objects.exists()
    assert Item.objects.filter(project=project, state="open").count() == 4


def test_stored_masks_read_back_over_the_wire(bring, test_data: Path, tmp_path: Path) -> None:
    pick(test_data / "seg2d-em-membrane", tmp_path, 2, "mask")
    project = bring(tmp_path)
    for version in submitted_versions(project.pk):
        assert wire(version.content)["slices"].keys() == version.content["slices"].keys()
