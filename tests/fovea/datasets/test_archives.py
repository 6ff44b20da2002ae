"""Zip archives from strangers."""

import io
import stat
import struct
import zipfile

import pytest

from fovea.core.storage import blob_read
from fovea.datasets.services.ingest.archives import ArchiveLimits, Refused, unpack

pytestmark = pytest.mark.usefixtures("blob_root")


@pytest.fixture
def archive(tmp_path):
    def make(files, **options):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as made:
            for name, data in files:
                made.writestr(name, data)
        return path

    return make


def test_files_come_out_as_blobs_in_order(archive):
    found = list(unpack(archive([("b/x.png", b"one"), ("dir/", b""), ("a.csv", b"two")])))
    assert [(m.name, blob_read(m.blob.sha256)) for m in found] == [("b/x.png", b"one"), ("a.csv", b"two")]


def test_names_are_data(archive, tmp_path):
    names = ["../../evil", "/etc/evil", "C:\\evil", "x" * 3000]
    found = list(unpack(archive([(name, b"x") for name in names])))
    assert len(found) == 4
    assert not (tmp_path.parent / "evil").exists()


def test_a_bomb_is_stopped_by_what_comes_out_and_the_rest_is_kept(archive):
    limits = ArchiveLimits(small=100_000)
    found = list(unpack(archive([("bomb", b"\0" * 50_000_000), ("fine", b"fine")]), limits=limits))
    assert [(m.name, m.reason, m.blob is None) for m in found] == [
        ("bomb", "archive_ratio", True),
        ("fine", "", False),
    ]


def test_a_header_that_lies_about_the_size_is_refused(archive):
    path = archive([("liar", bytes(range(256)) * 100)])
    data = bytearray(path.read_bytes())
    central = data.rfind(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<L", 10)
    path.write_bytes(data)
    [member] = unpack(path)
    assert (member.blob, member.reason) == (None, "bad_archive")


def test_limits_on_count_total_and_size(archive):
    path = archive([(str(n), b"x" * 1000) for n in range(5)])
    with pytest.raises(Refused) as refusal:
        list(unpack(path, limits=ArchiveLimits(members=4)))
    assert refusal.value.reason == "archive_count"
    with pytest.raises(Refused):
        list(unpack(path, limits=ArchiveLimits(directory_bytes=100)))
    found = list(unpack(path, limits=ArchiveLimits(total_bytes=2500)))
    assert [m.reason for m in found] == ["", "", "archive_total"]
    found = list(unpack(path, limits=ArchiveLimits(member_bytes=999)))
    assert {m.reason for m in found} == {"size_claim_too_large"}


def test_links_and_encrypted_files_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("secret", b"x")
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    assert [m.reason for m in unpack(path)] == ["archive_link", "archive_encrypted"]


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\x05\x06", b"PK\x03\x04" + b"x" * 500, b"PK\x05\x06" + b"\xff" * 18]
)
def test_broken_archives(tmp_path, data):
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(Refused):
        list(unpack(path))


def test_a_damaged_member_leaves_the_others(archive):
    path = archive([("one", b"1" * 1000), ("two", b"2" * 1000)])
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF
    path.write_bytes(data)
    assert [m.reason for m in unpack(path)] == ["bad_archive", ""]


def test_an_unknown_packing_method_is_one_refused_file(archive):
    path = archive([("one", b"1" * 1000)])
    data = bytearray(path.read_bytes())
    central = data.rfind(b"PK\x01\x02")
    data[central + 10 : central + 12] = data[8:10] = b"\x63\x00"
    path.write_bytes(data)
    assert [m.reason for m in unpack(path)] == ["bad_archive"]


def test_archives_inside_are_plain_members(archive):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as made:
        made.writestr("deep.png", b"x")
    [member] = unpack(archive([("inner.zip", inner.getvalue())]))
    assert member.blob is not None
