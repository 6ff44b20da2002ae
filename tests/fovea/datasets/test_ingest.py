"""Imports of real packs: what arrives, what does not and why, and that doing it again changes nothing."""

import csv
import hashlib
import io
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fovea.core.storage import StoredBlob, blob_adopt, blob_path, blob_put, blob_read
from fovea.datasets.models import Blob, Import, ImportFile, Instance, Patient, Series
from fovea.datasets.selectors.frames import frames_of
from fovea.datasets.services.imports import files_of_folder, import_create, import_run
from fovea.datasets.services.ingest import run as ingest_run
from fovea.datasets.services.ingest.run import Hooks
from fovea.datasets.services.patients import patient_assign
from fovea.datasets.signals import import_stored, series_stored
from ml.imaging.codecs import LOSSLESS, decode_frame
from ml.imaging.dicom.header import PixelFormat
from ml.imaging.reader import read_frame

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("blob_root")]


@pytest.fixture
def bring(people):
    """Import files, given as a folder or as (name, bytes) pairs, and give the import back."""

    def bring_in(files, **options):
        if isinstance(files, Path):
            files = files_of_folder(files)
        else:
            files = [(name, blob_put(data)) for name, data in files]
        batch = import_create(actor=people.admin, dataset=people.dataset, files=files, options=options)
        import_run(batch)
        batch.refresh_from_db()
        return batch

    return bring_in


def manifest(folder):
    with (folder / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


def png(value=7, size=(6, 5)):
    out = io.BytesIO()
    Image.fromarray(np.full(size, value, np.uint8)).save(out, "PNG")
    return out.getvalue()


def some(test_data, tmp_path, pack, count, *columns):
    """A folder with the first images of a pack, the files that `columns` of its manifest name, and the
    manifest.
    """
    source = test_data / pack
    for row in manifest(source)[:count]:
        for name in ("file", *columns):
            target = tmp_path / pack / row[name]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / row[name], target)
    shutil.copyfile(source / "manifest.csv", tmp_path / pack / "manifest.csv")
    return tmp_path / pack, manifest(source)[:count]


def statuses(batch):
    return dict(batch.files.values_list("name", "status"))


@pytest.fixture(scope="session")
def mixed_folder(test_data):
    return test_data / "dicom-mixed"


def expected_statuses(rows):
    """What must become of each DICOM file: the first of a SOP UID is stored, the same bytes again are a
    duplicate, other bytes a conflict."""
    first, expected = {}, {}
    for row in sorted(rows, key=lambda row: Path(row["file"])):
        uid, sha256 = row["sop_uid"], row["sha256"]
        known = first.setdefault(uid, sha256) if uid else sha256
        new = not uid or (known == sha256 and sha256 not in {r["sha256"] for r in expected.values()})
        row["expected"] = "stored" if new else "duplicate" if known == sha256 else "conflict"
        expected[row["file"]] = row
    return expected


@pytest.mark.slow
def test_every_file_of_the_dicom_pack_has_its_expected_status_and_its_pixels(mixed_folder, bring):
    """245 files in 13 encodings; served frames of lossless files decode to the manifest's pixels."""
    batch = bring(mixed_folder)
    rows = expected_statuses(manifest(mixed_folder))
    found = {file.name: file for file in batch.files.select_related("instance")}
    wrong = {
        name: (row["expected"], found[name].status, found[name].reason)
        for name, row in rows.items()
        if found[name].status != row["expected"] and row["parse"] == "ok"
    }
    assert wrong == {}
    assert found["files/emri_small_jpeg_2k_lossless_too_short.dcm"].status in ("failed", "conflict")
    assert (found["README.md"].status, found["manifest.csv"].status) == ("ignored", "label")
    kinds = {"SEG": "segmentation", "SR": "report", "RTSTRUCT": "structure_set", "ANN": "other"}
    for name, row in rows.items():
        instance = found[name].instance
        if found[name].status != "stored":
            continue
        assert instance.kind == kinds.get(row["modality"], "image"), name
        assert (instance.frames > 0) == (instance.kind == "image"), name
        assert blob_path(instance.source_id).stat().st_size == int(row["size"])
    compared = [name for name, row in rows.items() if has_the_manifests_pixels(found[name].instance, row)]
    assert len(compared) > 170


def has_the_manifests_pixels(instance, row):
    """Decode what is served for an instance, as a viewer would, and compare it with the manifest. False where
    there is nothing to compare bit by bit: lossy or float values, palettes (served as colours, listed as
    indices), look-up tables, what is not stored."""
    exact = row["decode"] == "ok" and instance is not None and instance.frames
    table = row["photometric"] == "PALETTE COLOR" or "modality-LUT" in row["extra"]
    if not exact or table or "float" in row["pixel_dtype"]:
        return False
    if {row["transfer_syntax"], instance.transfer_syntax_uid} - LOSSLESS or instance.source_id != row[
        "sha256"
    ]:
        return False
    served = served_values(instance)
    if served.ndim == 3:  # grey: from served to physical to stored values
        tags = instance.metadata.dicom_json
        slope, intercept = (
            float(tags.get(tag, {}).get("Value", [n])[0]) for tag, n in (("00281053", 1), ("00281052", 0))
        )
        shift, scale = float(row["rescale_intercept"] or 0), float(row["rescale_slope"] or 1)
        served = (served * slope + intercept - shift) / scale
    values = np.rint(served).astype(row["pixel_dtype"])
    assert hashlib.sha256(values.tobytes()).hexdigest() == row["pixel_sha256"], row["file"]
    return True


def served_values(instance):
    """[frame, row, column] or [frame, row, column, 3] from the bytes and the metadata that the viewer
    gets.
    """
    tags = instance.metadata.dicom_json

    def tag(name, default=None):
        return tags.get(name, {}).get("Value", [default])[0]

    form = PixelFormat(
        rows=tag("00280010"),
        columns=tag("00280011"),
        frames=instance.frames,
        samples=tag("00280002", 1),
        bits_allocated=tag("00280100"),
        bits_stored=tag("00280101"),
        signed=tag("00280103") == 1,
        photometric=tag("00280004"),
        planar=tag("00280006", 0),
    )
    frames = [
        decode_frame(blob_read(instance.frames_blob_id, offset, length), form, instance.transfer_syntax_uid)
        for offset, length in zip(instance.offsets, instance.lengths, strict=True)
    ]
    return np.stack(frames)


def test_a_study_of_several_series_is_in_order_with_its_geometry(mixed_folder, bring, people, api):
    batch = bring(mixed_folder / "studies")
    assert Counter(statuses(batch).values()) == {"stored": 128}
    series = {s.description: s for s in Series.objects.select_related("dataset", "study__patient")}
    assert {s.instance_count for s in series.values()} == {22, 40}
    flair = series["FLAIR_reg"]
    assert flair.study.patient.key == "PGBM-003"
    assert flair.study.patient.is_known
    assert flair.geometry["is_volume"] is True
    assert flair.geometry["spacing"] == pytest.approx([6.5, 0.6875, 0.6875])
    positions = [Instance.objects.get(pk=f.instance_id).position for f in frames_of(flair)]
    assert positions == sorted(positions)
    client = api(people.viewer)
    picture = client.get(client.get(f"/api/v1/series/{flair.pk}/").json()["thumbnail"])
    assert picture.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert max(Image.open(io.BytesIO(picture.content)).size) == 256
    frame = frames_of(flair)[10]
    assert len(client.get(frame.image_id).content) == 320 * 280 * 2
    assert read_frame(frame.path, frame=frame.number, kind=frame.kind).pixels.shape == (320, 280)
    metadata = client.get(f"{client.get(f'/api/v1/series/{flair.pk}/').json()['address']}/metadata")
    assert b"PatientName" not in metadata.content
    assert not any("00100010" in entry or "00100020" in entry for entry in metadata.json())


def test_importing_again_changes_nothing(mixed_folder, bring):
    folder = mixed_folder / "studies" / "PGBM-003" / "11-T1post-18670"
    bring(folder)
    before = (Instance.objects.count(), Series.objects.get().geometry, Blob.objects.count())
    again = bring(folder)
    assert set(statuses(again).values()) == {"duplicate"}
    assert (Instance.objects.count(), Series.objects.get().geometry, Blob.objects.count()) == before
    assert again.files.filter(instance__isnull=True).count() == 0


def test_the_same_uid_with_other_bytes_is_a_conflict_that_is_shown(mixed_folder, bring):
    source = (mixed_folder / "studies/PGBM-003/11-T1post-18670/000000.dcm").read_bytes()
    batch = bring([("one.dcm", source), ("other.dcm", source[:-2] + b"\x01\x01"), ("twin.dcm", source)])
    rows = {f.name: f for f in batch.files.all()}
    assert {name: f.status for name, f in rows.items()} == {
        "one.dcm": "stored",
        "other.dcm": "conflict",
        "twin.dcm": "duplicate",
    }
    assert rows["twin.dcm"].instance_id == rows["one.dcm"].instance_id
    assert rows["other.dcm"].reason == "uid_conflict"
    assert Instance.objects.get().source_id == hashlib.sha256(source).hexdigest()


@pytest.mark.parametrize(
    ("pack", "columns", "image", "label"),
    [
        ("cls2d-pneumoniamnist", (), 12, 1),
        ("cls2d-isic2017", (), 12, 1),
        ("det2d-bccd", ("annotation",), 12, 13),
        ("seg2d-nuclei-dsb2018", ("mask",), 12, 13),
        ("seg2d-em-membrane", ("mask",), 12, 13),
        ("seg3d-hippocampus", ("mask",), 4, 5),
    ],
)
def test_packs_arrive_image_by_image_with_their_labels_kept(
    test_data, tmp_path, bring, pack, columns, image, label
):
    folder, rows = some(test_data, tmp_path, pack, image, *columns)
    batch = bring(folder)
    unique = len({row["sha256"] for row in rows})
    counts = Counter(statuses(batch).values())
    assert counts == Counter({"stored": unique, "label": label, "duplicate": image - unique}) + Counter()
    for row in rows:
        instance = batch.files.get(name=row["file"]).instance
        assert instance.source_id == row["sha256"]
        if "width" in row:
            assert (instance.columns, instance.rows) == (int(row["width"]), int(row["height"]))
        else:
            assert sorted((instance.frames, instance.rows, instance.columns)) == sorted(
                int(side) for side in row["shape"].split("x")
            )
            assert instance.series.geometry["is_volume"] is True
    patient = batch.files.get(name=rows[0]["file"]).instance.series.study.patient
    assert patient.key == Path(rows[0]["file"]).name.split(".")[0]
    assert not patient.is_known
    assert Series.objects.filter(thumbnail__isnull=True).count() == 0


def test_grey_png_frames_are_the_images_pixels(bring):
    batch = bring([("a.png", png(201, (4, 6)))])
    instance = batch.files.get().instance
    assert (instance.rows, instance.columns, instance.frames, instance.samples) == (4, 6, 1, 1)
    assert read_frame(blob_path(instance.source_id), kind="raster").pixels.tolist() == [[201] * 6] * 4
    assert instance.metadata.dicom_json["00280010"]["Value"] == [4]


@pytest.mark.slow
def test_all_of_a_pack_with_thousands_of_small_files(test_data, bring):
    pack = test_data / "cls2d-pneumoniamnist"
    batch = bring(pack)
    rows = manifest(pack)
    unique = len({row["sha256"] for row in rows})
    assert batch.counts == {"stored": unique, "duplicate": len(rows) - unique, "label": 1, "ignored": 2}
    assert Instance.objects.count() == unique


def test_bad_files_are_listed_and_stop_nothing(mixed_folder, bring):
    dicom = (mixed_folder / "studies/PGBM-003/11-T1post-18670/000000.dcm").read_bytes()
    batch = bring(
        [
            ("cut.dcm", dicom[:-1000]),
            ("empty.dcm", b""),
            ("noise.dcm", bytes(range(256)) * 20),
            ("half.png", png()[:40]),
            ("liar.jpg", b"\xff\xd8\xff\xe0 not at all"),
            ("page.html", b"<script>alert(1)</script>"),
            ("good.png", png(3)),
            ("broken.nii.gz", b"\x1f\x8b\x08\x00garbage"),
        ]
    )
    rows = {f.name: (f.status, f.reason) for f in batch.files.all()}
    assert rows["good.png"] == ("stored", "")
    assert rows["page.html"] == ("ignored", "not_an_image")
    assert rows["cut.dcm"] == ("failed", "truncated")
    bad = {name for name, (status, _) in rows.items() if status == "failed"}
    assert bad == {"cut.dcm", "empty.dcm", "noise.dcm", "half.png", "liar.jpg", "broken.nii.gz"}
    assert all(reason for status, reason in rows.values() if status == "failed")


def test_archives_in_archives_and_hostile_names(bring):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as made:
        made.writestr("deep.png", png(1))
    deepest = io.BytesIO()
    with zipfile.ZipFile(deepest, "w") as made:
        made.writestr("inner.zip", inner.getvalue())
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("../../../evil.png", png(2))
        made.writestr("inner.zip", inner.getvalue())
        made.writestr("deepest.zip", deepest.getvalue())
        made.writestr("bomb.dcm", b"\0" * 30_000_000)
        made.writestr("masks/a.png", png(4))
    batch = bring([("up.zip", outer.getvalue())])
    rows = {f.name: (f.status, f.reason) for f in batch.files.all()}
    assert rows == {
        "up.zip": ("unpacked", ""),
        "up.zip/evil.png": ("stored", ""),
        "up.zip/inner.zip": ("unpacked", ""),
        "up.zip/inner.zip/deep.png": ("stored", ""),
        "up.zip/deepest.zip": ("unpacked", ""),
        "up.zip/deepest.zip/inner.zip": ("failed", "archive_depth"),
        "up.zip/bomb.dcm": ("failed", "archive_ratio"),
        "up.zip/masks/a.png": ("label", ""),
    }


def test_options_name_mask_folders_and_columns(bring):
    table = b"file,truth\nimg/a.png,other/a.png\n"
    files = [("img/a.png", png(1)), ("other/a.png", png(2)), ("Organs/a.png", png(3)), ("t.csv", table)]
    found = statuses(bring(files, labels=["truth", "organs"]))
    assert found == {"img/a.png": "stored", "other/a.png": "label", "Organs/a.png": "label", "t.csv": "label"}


class CutOff(BaseException):
    """A worker that dies."""


def test_a_cut_off_import_goes_on_where_it_stopped(people, monkeypatch):
    files = [(f"{n}.png", blob_put(png(n))) for n in range(1, 11)]
    batch = import_create(actor=people.admin, dataset=people.dataset, files=files)
    monkeypatch.setattr(ingest_run, "FILES_A_STEP", 3)
    steps = []

    def dies():
        steps.append(1)
        if len(steps) == 3:
            raise CutOff

    with pytest.raises(CutOff):
        import_run(batch, Hooks(check=dies))
    assert Counter(statuses(batch).values()) == {"stored": 6, "waiting": 4}
    told = []
    series_stored.connect(receiver := lambda series_ids, **_: told.extend(series_ids), weak=False)
    assert import_run(batch) == {"stored": 10}
    series_stored.disconnect(receiver)
    assert Instance.objects.count() == 10
    assert Series.objects.filter(thumbnail__isnull=True, dataset=people.dataset).count() == 0
    assert import_run(batch) == {"stored": 10}


def test_those_above_are_told_once_files_and_series_are_there(bring, django_capture_on_commit_callbacks):
    seen = []

    def series_listener(dataset_id, series_ids, **_):
        rows = Series.objects.filter(pk__in=series_ids)
        seen.append(("series", [s.thumbnail_id is not None for s in rows]))

    def import_listener(batch_id, report, **_):
        seen.append(("import", ImportFile.objects.filter(batch_id=batch_id, status="label").count()))

    series_stored.connect(series_listener)
    import_stored.connect(import_listener)
    with django_capture_on_commit_callbacks(execute=True):
        bring([("a.png", png()), ("labels.csv", b"file,label\na.png,x\n")])
    series_stored.disconnect(series_listener)
    import_stored.disconnect(import_listener)
    assert sorted(seen) == [("import", 1), ("series", [True])]


def test_a_patient_is_assigned_by_a_label_table(bring, people):
    batch = bring([("a.png", png(1)), ("b.png", png(2))])
    for file in batch.files.all():
        assert file.instance.series.study.patient.key != "P1"
        patient = patient_assign(people.dataset, file.instance.series, "P1", {"sex": "F", "age": 61})
        assert patient.is_known
    assert Patient.objects.get(key="P1").attributes == {"sex": "F", "age": 61}
    keys = Series.objects.filter(dataset=people.dataset).values_list("study__patient__key", flat=True)
    assert list(keys) == ["P1", "P1"]


def test_the_import_job_by_the_api(people, api, run_job, mixed_folder):
    from fovea.jobs.models import Job

    client = api(people.data_scientist)
    dataset = people.dataset.slug
    ids = []
    for name, data in (("=cmd.png", png(1)), ("bad.dcm", b"DICM" * 99)):
        made = client.post(
            f"/api/v1/datasets/{dataset}/uploads/", {"name": name, "size": len(data)}, format="json"
        ).json()
        client.generic(
            "PATCH",
            f"/api/v1/uploads/{made['id']}/",
            data,
            "application/octet-stream",
            headers={"Upload-Offset": "0"},
        )
        ids.append(made["id"])
    address = f"/api/v1/datasets/{dataset}/imports/"
    unfinished = client.post(
        f"/api/v1/datasets/{dataset}/uploads/", {"name": "x", "size": 3}, format="json"
    ).json()
    refused = client.post(address, {"uploads": [*ids, unfinished["id"]]}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "upload_incomplete")
    assert api(people.admin).post(address, {"uploads": ids}, format="json").status_code == 400
    started = client.post(address, {"uploads": ids, "project": people.project.slug}, format="json")
    assert started.status_code == 202
    assert started.json()["counts"] == {"waiting": 2}
    job = run_job(Job.objects.get(pk=started.json()["job"]))
    assert job.state == "succeeded", job.error
    number = started.json()["id"]
    assert client.get(f"/api/v1/imports/{number}/").json()["counts"] == {"stored": 1, "failed": 1}
    [failed] = client.get(f"/api/v1/imports/{number}/files/", {"status": "failed"}).json()["results"]
    assert (failed["name"], failed["reason"]) == ("bad.dcm", "unreadable")
    table = b"".join(client.get(f"/api/v1/imports/{number}/files.csv").streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["name"]: row["status"] for row in rows} == {"'=cmd.png": "stored", "bad.dcm": "failed"}
    for person in (people.viewer, people.outsider):
        assert api(person).get(f"/api/v1/imports/{number}/").status_code in (403, 404)
    assert client.get(address).json()["results"][0]["id"] == number
    assert Import.objects.get().finished_at is not None


def test_series_lists_filter_and_stay_inside_the_dataset(people, api, bring):
    bring([(f"{name}.png", png(n)) for n, name in enumerate(("apple", "pear", "plum"))])
    client, address = api(people.viewer), f"/api/v1/datasets/{people.dataset.slug}/series/"
    assert len(client.get(address).json()["results"]) == 3
    [found] = client.get(address, {"search": "PEA"}).json()["results"]
    assert (found["patient"], found["frame_count"], found["modality"]) == ("pear", 1, "OT")
    assert client.get(address, {"modality": "CT"}).json()["results"] == []
    for path in (
        f"/api/v1/series/{found['id']}/",
        found["thumbnail"],
        f"/api/v1/series/{found['id']}/frames/",
    ):
        assert api(people.outsider).get(path).status_code == 404
        assert client.get(path).status_code == 200


def test_blobs_of_one_file_are_stored_once(tmp_path):
    (tmp_path / "a").write_bytes(b"the same")
    (tmp_path / "b").write_bytes(b"the same")
    first, second = (blob_adopt(tmp_path / name) for name in "ab")
    assert first.sha256 == second.sha256
    assert second == StoredBlob(first.sha256, 8, existed=True)
