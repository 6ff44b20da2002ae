import struct

import pytest

from ml.imaging.dicom import frame_index
from ml.imaging.errors import UnreadableImage
from tests.ml.imaging import dicom_samples as samples


def compressed(fragments, table=b"", *, frames=1, delimiter=True, syntax="1.2.840.10008.1.2.4.80") -> bytes:
    made = samples.dataset(NumberOfFrames=frames)
    del made.PixelData
    return _with_pixels(made, samples.encapsulated(fragments, table, delimiter=delimiter), syntax)


def _with_pixels(made, element: bytes, syntax: str) -> bytes:
    return samples.write(made, syntax) + element


def pieces(data: bytes) -> list[list[bytes]]:
    return [[data[at : at + size] for at, size in frame] for frame in frame_index(data).fragments]


def test_native_frames_lie_one_after_the_other(dicom_mixed):
    path = dicom_mixed / "files" / "emri_small.dcm"
    index = frame_index(path)
    assert index.exact
    assert [size for _, size in index.ranges] == [64 * 64 * 2] * 10
    assert index.ranges[1][0] - index.ranges[0][0] == 64 * 64 * 2
    assert index.ranges[-1][0] + 64 * 64 * 2 == path.stat().st_size


def test_fragments_without_a_table_are_frames():
    assert pieces(compressed([b"aa", b"bbbb", b"cc"], frames=3)) == [[b"aa"], [b"bbbb"], [b"cc"]]


def test_the_basic_offset_table_groups_fragments():
    table = struct.pack("<LL", 0, 10 + 12)
    data = compressed([b"aa", b"bbbb", b"cc"], table, frames=2)
    assert pieces(data) == [[b"aa", b"bbbb"], [b"cc"]]
    index = frame_index(data)
    assert not index.exact
    with pytest.raises(ValueError):
        _ = index.ranges


def test_the_extended_offset_table_groups_fragments():
    made = samples.dataset(NumberOfFrames=2, ExtendedOffsetTable=struct.pack("<QQ", 0, 22))
    made.ExtendedOffsetTableLengths = struct.pack("<QQ", 6, 2)
    del made.PixelData
    data = _with_pixels(made, samples.encapsulated([b"aa", b"bbbb", b"cc"]), "1.2.840.10008.1.2.4.80")
    assert pieces(data) == [[b"aa", b"bbbb"], [b"cc"]]


@pytest.mark.parametrize("offsets", [(0, 11), (5, 22), (22, 0), (0, 0), (0,)])
def test_a_table_that_does_not_fit_is_ignored_and_said(offsets):
    data = compressed(
        [b"\xff\xd8\xff\xf7", b"bbbb", b"\xff\xd8\xff\xf7"],
        struct.pack(f"<{len(offsets)}L", *offsets),
        frames=2,
    )
    assert [len(frame) for frame in pieces(data)] == [2, 1]
    assert frame_index(data).repairs == ("the offset table does not fit the fragments: ignored",)


def test_codestreams_tell_frames_apart_where_no_table_does():
    data = compressed([b"\xff\xd8\xff\xf7", b"bbbb", b"\xff\xd8\xff\xf7"], frames=2)
    assert [len(frame) for frame in pieces(data)] == [2, 1]
    with pytest.raises(UnreadableImage):
        pieces(compressed([b"aa", b"bbbb", b"cc"], frames=2))


def test_a_missing_delimiter_is_mended():
    index = frame_index(compressed([b"aaaa"], delimiter=False))
    assert index.repairs == ("no delimiter after the last fragment",)
    assert len(index.fragments) == 1


@pytest.mark.parametrize("cut", [9, 20, 30])
def test_a_cut_file_is_truncated(cut):
    for data in (compressed([b"a" * 40]), samples.write(samples.dataset())):
        with pytest.raises(UnreadableImage) as raised:
            frame_index(data[:-cut])
        assert raised.value.reason == "truncated"


def test_more_frames_than_there_are_is_truncated():
    for data in (compressed([b"aa"], frames=2), samples.write(samples.dataset(NumberOfFrames=2))):
        with pytest.raises(UnreadableImage) as raised:
            frame_index(data)
        assert raised.value.reason == "truncated"


def test_objects_without_pixels_say_so(dicom_mixed):
    with pytest.raises(UnreadableImage) as raised:
        frame_index(dicom_mixed / "highdicom" / "sr_document.dcm")
    assert raised.value.reason == "no_pixels"


def test_every_file_of_the_pack_is_indexed(manifest, dicom_mixed):
    several = set()
    for row in manifest:
        if not row["rows"]:
            continue
        index = frame_index(dicom_mixed / row["file"])
        assert len(index.fragments) == int(row["frames"] or 1)
        if any(len(frame) > 1 for frame in index.fragments):
            several.add(row["file"])
            assert not index.exact
    assert "files/MR2_J2KR.dcm" in several
    assert "files/JPEG-LL.dcm" in several
