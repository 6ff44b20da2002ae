"""Uploads: resumable, bounded, whole or not at all."""

import errno
import hashlib
import os
from datetime import timedelta

import pytest
from django.utils import timezone

from fovea.core.storage import blob_exists, blob_read
from fovea.datasets.models import Upload
from fovea.datasets.services.uploads import upload_path

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("blob_root")]


@pytest.fixture
def client(people, api):
    return api(people.data_scientist)


@pytest.fixture
def begin(client, people):
    def start(name="scan.dcm", size=10):
        return client.post(
            f"/api/v1/datasets/{people.dataset.slug}/uploads/", {"name": name, "size": size}, format="json"
        )

    return start


def send(client, upload, offset, data):
    return client.generic(
        "PATCH",
        f"/api/v1/uploads/{upload}/",
        data,
        "application/octet-stream",
        headers={"Upload-Offset": str(offset)},
    )


def test_a_file_arrives_in_parts(client, begin):
    upload = begin().json()
    assert upload["received"] == 0
    assert send(client, upload["id"], 0, b"01234").json()["received"] == 5
    assert client.get(f"/api/v1/uploads/{upload['id']}/").json()["received"] == 5
    last = send(client, upload["id"], 5, b"56789").json()
    assert (last["received"], last["complete"]) == (10, True)
    row = Upload.objects.get(pk=upload["id"])
    assert row.blob_id == hashlib.sha256(b"0123456789").hexdigest()
    assert blob_read(row.blob_id) == b"0123456789"
    assert not upload_path(row).exists()


def test_a_wrong_offset_says_the_right_one_and_keeps_nothing(client, begin):
    upload = begin().json()["id"]
    send(client, upload, 0, b"0123")
    for offset in (0, 2, 9):
        answer = send(client, upload, offset, b"xxxx")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_offset")
        assert answer.json()["error"]["details"]["received"] == 4
    assert send(client, upload, 4, b"456789").json()["complete"] is True
    for bad in ("", "-1", "1.5", "x", "9" * 30):
        assert send(client, upload, bad, b"x").status_code == 400


def test_bytes_of_a_request_that_was_cut_off_are_written_over(client, begin):
    upload = begin(size=6).json()["id"]
    row = Upload.objects.get(pk=upload)
    upload_path(row).parent.mkdir(parents=True, exist_ok=True)
    upload_path(row).write_bytes(b"half a request, and more than the file has")
    assert send(client, upload, 0, b"abcdef").json()["complete"] is True
    assert blob_read(Upload.objects.get(pk=upload).blob_id) == b"abcdef"


def test_limits(client, begin, settings):
    settings.FOVEA_MAX_UPLOAD_BYTES, settings.FOVEA_MAX_REQUEST_BYTES = 100, 20
    answer = begin(size=101)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    upload = begin(size=30).json()["id"]
    assert send(client, upload, 0, b"x" * 21).status_code == 413
    assert send(client, upload, 0, b"x" * 20).json()["received"] == 20
    assert send(client, upload, 20, b"x" * 11).status_code == 413
    assert Upload.objects.get(pk=upload).received == 20
    assert begin(size=-1).status_code == 400


def test_an_empty_file_is_whole_at_once(begin):
    answer = begin(name="empty.csv", size=0).json()
    assert answer["complete"] is True


def test_a_full_disk_keeps_nothing_and_goes_on_later(client, begin, settings, monkeypatch):
    upload = begin().json()["id"]
    real = os.fsync

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = send(client, upload, 0, b"01234")
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "storage_full")
    row = Upload.objects.get(pk=upload)
    assert row.received == 0
    assert upload_path(row).stat().st_size == 0
    monkeypatch.setattr(os, "fsync", real)
    assert send(client, upload, 0, b"0123456789").json()["complete"] is True
    settings.FOVEA_MIN_FREE_BYTES = 2**60
    assert begin().status_code == 507


def test_a_disk_that_fills_up_at_the_last_step_lets_the_upload_be_finished(client, begin, monkeypatch):
    from fovea.core.errors import StorageFull
    from fovea.datasets.services import uploads

    upload, real = begin(size=4).json()["id"], uploads.blob_adopt

    def full(path):
        raise StorageFull("full")

    monkeypatch.setattr(uploads, "blob_adopt", full)
    assert send(client, upload, 0, b"abcd").status_code == 507
    monkeypatch.setattr(uploads, "blob_adopt", real)
    assert send(client, upload, 4, b"").json()["complete"] is True
    assert blob_exists(hashlib.sha256(b"abcd").hexdigest())


@pytest.mark.parametrize(
    "name", ["../../../etc/cron.d/x", "C:\\windows\\x", "a\x00b" * 9, "x" * 4000, "/abs"]
)
def test_names_never_become_paths(client, begin, name):
    answer = begin(name=name.replace("\x00", "\u200b"), size=3)
    assert answer.status_code == 201
    row = Upload.objects.get(pk=answer.json()["id"])
    assert upload_path(row).name == f"{row.pk}.part"
    assert len(row.name) <= 500
    assert ".." not in row.name


def test_nobody_else_sees_or_fills_an_upload(people, api, begin):
    upload = begin().json()["id"]
    for person in (people.admin, people.outsider, people.viewer):
        assert api(person).get(f"/api/v1/uploads/{upload}/").status_code == 404
        assert send(api(person), upload, 0, b"x").status_code == 404
    assert send(api(), upload, 0, b"x").status_code == 401


def test_who_may_not_import_may_not_upload(people, api):
    address = f"/api/v1/datasets/{people.dataset.slug}/uploads/"
    for role, status in {"viewer": 403, "radiologist": 403, "outsider": 404}.items():
        answer = api(getattr(people, role)).post(address, {"name": "x", "size": 1}, format="json")
        assert answer.status_code == status


def test_forgotten_uploads_go_when_the_person_comes_back(client, begin):
    old = begin().json()["id"]
    send(client, old, 0, b"0123")
    path = upload_path(Upload.objects.get(pk=old))
    assert path.exists()
    Upload.objects.filter(pk=old).update(updated_at=timezone.now() - timedelta(days=8))
    begin()
    assert not Upload.objects.filter(pk=old).exists()
    assert not path.exists()
