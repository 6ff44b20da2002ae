"""The blob store: content-addressed, atomic, honest about a full disk."""

import errno
import hashlib
import os
from collections import namedtuple

import pytest

from fovea.core import storage
from fovea.core.errors import NotFound, StorageFull


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.BLOB_ROOT = tmp_path / "blobs"
    return settings.BLOB_ROOT


def files(root):
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_bytes_are_stored_once_under_their_hash(root):
    data = b"pixels"
    first = storage.blob_put(data)
    again = storage.blob_put(iter([b"pix", b"els"]))
    assert first.sha256 == again.sha256 == hashlib.sha256(data).hexdigest()
    assert (first.existed, again.existed, again.size) == (False, True, 6)
    assert files(root) == [storage.blob_path(first.sha256)]
    assert storage.blob_read(first.sha256) == data
    assert storage.blob_read(first.sha256, offset=2, length=3) == b"xel"


def test_a_blob_cannot_be_written_to(root):
    path = storage.blob_path(storage.blob_put(b"x").sha256)
    assert path.stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "a" * 63, "a" * 64 + "\n", "/" * 64])
def test_only_a_hash_names_a_blob(name):
    with pytest.raises(NotFound):
        storage.blob_path(name)


def test_a_missing_blob_is_not_found():
    assert not storage.blob_exists("0" * 64)
    with pytest.raises(NotFound):
        storage.blob_read("0" * 64)


def test_a_stream_that_breaks_leaves_nothing(root):
    def broken():
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.blob_put(broken())
    assert files(root) == []


def test_a_disk_that_fills_up_leaves_nothing_and_says_so(root, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(StorageFull):
        storage.blob_put(b"x")
    assert files(root) == []


def test_a_nearly_full_disk_refuses_before_it_starts(root, monkeypatch):
    usage = namedtuple("usage", "total used free")(100, 99, 1)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StorageFull):
        storage.blob_put(b"x")


def test_a_file_is_copied_in_and_stays(tmp_path):
    source = tmp_path / "image.dcm"
    source.write_bytes(b"DICM" * 1000)
    stored = storage.blob_adopt(source)
    assert stored.size == 4000
    assert source.read_bytes() == storage.blob_read(stored.sha256)
