import hashlib
import os
import random
import signal
import struct
import threading
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from ml.imaging.codecs import LOSSLESS
from ml.imaging.decode import Decoder, Limits
from ml.imaging.errors import REASONS, UnreadableImage
from ml.imaging.reader import read_frame
from ml.imaging.serve import servable_frames
from tests.ml.imaging import dicom_samples as samples

CT = "files/693_UNCR.dcm"


@pytest.fixture(scope="module")
def decoder():
    with Decoder(Limits(seconds=20)) as made:
        yield made


def reason(decoder, path, **options) -> str:
    with pytest.raises(UnreadableImage) as raised:
        decoder.decode(path, **options)
    return raised.value.reason


def test_one_child_decodes_the_pack_to_the_manifests_hashes(manifest, dicom_mixed, decoder):
    rows = [row for row in manifest if row["decode"] == "ok" and row["group"] != "study"]
    decoder.decode(dicom_mixed / CT)
    child = decoder.pid
    checked = 0
    for row in rows:
        pixels = decoder.decode(dicom_mixed / row["file"])
        if row["transfer_syntax"] in LOSSLESS:
            assert hashlib.sha256(pixels.tobytes()).hexdigest() == row["pixel_sha256"], row["file"]
            checked += 1
    assert checked > 90
    assert decoder.pid == child


def test_frames_can_be_chosen(dicom_mixed, decoder):
    path = dicom_mixed / "files" / "emri_small.dcm"
    everything = decoder.decode(path)
    assert np.array_equal(decoder.decode(path, [3, 1]), everything[[2, 0]])
    assert reason(decoder, path, frames=[11]) == "frame_out_of_range"


def test_the_child_reads_serves_and_pictures_as_this_process_does(dicom_mixed, decoder, tmp_path):
    for name in (CT, "files/vlut_04.dcm", "files/OBXXXX1A.dcm", "highdicom/dx_image.dcm"):
        ours, theirs = read_frame(dicom_mixed / name), decoder.read(dicom_mixed / name)
        assert np.array_equal(ours.pixels, theirs.pixels)
        assert (ours.modality, ours.spacing, ours.windows) == (
            theirs.modality,
            theirs.spacing,
            theirs.windows,
        )
        assert (ours.voi_lut is None) == (theirs.voi_lut is None)
        there = decoder.serve(dicom_mixed / name, tmp_path / "out")
        content = there.path.read_bytes()
        here = servable_frames(dicom_mixed / name, tmp_path / "out")
        assert here == there
        assert content == here.path.read_bytes()
        assert decoder.thumbnail(dicom_mixed / name, size=64)[:3] == b"\xff\xd8\xff"


def test_rasters_and_nifti_are_decoded_too(data, decoder):
    volume = decoder.decode(data / "seg3d-hippocampus" / "images" / "hippocampus_001.nii.gz")
    assert volume.shape == (35, 51, 35)
    picture = sorted((data / "det2d-bccd" / "images").iterdir())[0]
    assert decoder.decode(picture).shape == (1, 480, 640, 3)


def test_files_without_pixels_or_sense_are_refused_with_a_reason(dicom_mixed, decoder, tmp_path):
    assert reason(decoder, dicom_mixed / "rtstruct" / "mock_data_rt.dcm") == "no_pixels"
    (tmp_path / "a").write_bytes(b"hello")
    assert reason(decoder, tmp_path / "a") == "unreadable"
    with pytest.raises(FileNotFoundError):
        decoder.decode(tmp_path / "not there")


def test_a_dead_child_is_replaced(dicom_mixed):
    with Decoder() as decoder:
        decoder.decode(dicom_mixed / CT)
        first = decoder.pid
        os.kill(first, signal.SIGKILL)
        assert decoder.decode(dicom_mixed / CT).shape == (1, 512, 512)
        assert decoder.pid != first
    assert decoder.pid is None


@pytest.fixture
def assassin():
    """Kills each new child of a decoder once, while it decodes."""
    stop, threads = threading.Event(), []

    def start(decoder, blow, victims):
        def work():
            seen = set()
            while not stop.wait(0.01) and len(seen) < victims:
                if decoder.pid and decoder.pid not in seen:
                    seen.add(decoder.pid)
                    os.kill(decoder.pid, blow)

        threads.append(threading.Thread(target=work))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("blow", "expected"), [(signal.SIGSEGV, "decode_failed"), (signal.SIGKILL, "decode_memory")]
)
def test_a_file_that_crashes_its_child_twice_is_one_bad_file(dicom_mixed, assassin, blow, expected):
    slow = dicom_mixed / "files" / "RG3_J2KR.dcm"
    with Decoder() as decoder:
        assassin(decoder, blow, 2)
        assert reason(decoder, slow) == expected
        assert decoder.decode(slow).shape == (1, 1760, 1760)


def test_a_child_killed_by_somebody_else_costs_nothing(dicom_mixed, assassin):
    with Decoder() as decoder:
        assassin(decoder, signal.SIGKILL, 1)
        assert decoder.decode(dicom_mixed / "files" / "RG3_J2KR.dcm").shape == (1, 1760, 1760)


def test_a_child_that_hangs_is_one_bad_file(dicom_mixed):
    with Decoder(Limits(seconds=1)) as decoder:
        decoder.decode(dicom_mixed / "files" / "emri_small.dcm")
        os.kill(decoder.pid, signal.SIGSTOP)
        assert reason(decoder, dicom_mixed / "files" / "emri_small.dcm") == "decode_timeout"
        assert decoder.pid is None


def test_the_child_is_replaced_after_its_share(dicom_mixed):
    with Decoder(Limits(files_per_child=2)) as decoder:
        pids = []
        for _ in range(3):
            decoder.decode(dicom_mixed / CT)
            pids.append(decoder.pid)
    assert pids[0] == pids[1] != pids[2]


def test_memory_is_limited(tmp_path):
    path = tmp_path / "a.dcm"
    made = samples.dataset(Rows=16000, Columns=16000)
    del made.PixelData
    head = samples.write(made) + samples.element((0x7FE0, 0x0010), "OW", b"", 512_000_000)
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(len(head) + 512_000_000)
    with Decoder(Limits(memory=400 << 20)) as decoder:
        child = None
        for _ in range(2):
            assert reason(decoder, path) == "decode_memory"
            assert child in (None, decoder.pid)
            child = decoder.pid


def test_results_are_limited(dicom_mixed):
    with Decoder(Limits(result=100_000)) as decoder:
        assert reason(decoder, dicom_mixed / CT) == "size_claim_too_large"


def test_the_child_sees_nothing_of_the_environment(dicom_mixed, monkeypatch):
    monkeypatch.setenv("CANARY_PASSWORD", "secret")
    with Decoder() as decoder:
        decoder.decode(dicom_mixed / CT)
        with open(f"/proc/{decoder.pid}/environ", "rb") as environment:
            assert b"CANARY" not in environment.read()


def test_what_codecs_print_goes_nowhere(dicom_mixed, decoder):
    decoder.decode(dicom_mixed / CT)
    assert {os.readlink(f"/proc/{decoder.pid}/fd/{standard}") for standard in (0, 1, 2)} == {"/dev/null"}


def lying(fragment: bytes, syntax: str, **attributes) -> bytes:
    made = samples.dataset(**attributes)
    del made.PixelData
    known = "1.2.840.10008.1.2.4.80"
    head = samples.write(made, known)
    old, new = (samples.element((2, 0x10), "UI", samples.even(uid)) for uid in (known, syntax))
    return head.replace(old, new) + samples.encapsulated([fragment])


def jpeg_header(rows: int, columns: int, marker: int) -> bytes:
    """A JPEG-like stream that says a size and then holds nothing of use."""
    frame = struct.pack(">BBHBHHBBBB", 0xFF, marker, 11, 8, rows, columns, 1, 1, 0x11, 0)
    return b"\xff\xd8" + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + b"\x55" * 200


@pytest.mark.parametrize(
    ("syntax", "fragment", "attributes", "expected"),
    [
        ("1.2.840.10008.1.2.4.80", jpeg_header(65535, 65535, 0xF7), {}, {"size_mismatch"}),
        ("1.2.840.10008.1.2.4.70", jpeg_header(60000, 60000, 0xC3), {}, {"size_mismatch"}),
        ("1.2.840.10008.1.2.4.50", jpeg_header(4, 6, 0xC0), {}, {"size_mismatch"}),
        ("1.2.840.10008.1.2.4.80", jpeg_header(4, 5, 0xF7), {}, {"decode_failed"}),
        ("1.2.840.10008.1.2.4.90", b"\xff\x4f\xff\x51" + b"\x00\x29" + b"\xff" * 60, {}, {"size_mismatch"}),
        ("1.2.840.10008.1.2.4.90", b"\xff\x4f\xff\x51\x00\x29", {}, {"truncated"}),
        ("1.2.840.10008.1.2.4.50", b"\xff\xd8\xff\xe0", {}, {"truncated"}),
        ("1.2.840.10008.1.2.5", bytes(64), {}, {"size_mismatch"}),
        (
            "1.2.840.10008.1.2.5",
            struct.pack("<16L", 2, 64, 2**31, *[0] * 13),
            {},
            {"truncated", "decode_failed"},
        ),
        ("1.2.840.10008.1.2.8.1", b"\x03\x00", {}, {"truncated"}),
        ("1.2.840.10008.1.2.4.100", b"mpeg", {}, {"unsupported_syntax"}),
        ("1.2.840.10008.1.2.4.80", b"xx", {"Rows": 65535, "Columns": 65535}, {"size_claim_too_large"}),
        ("1.2.840.10008.1.2.4.80", b"xx", {"BitsAllocated": 12, "BitsStored": 12}, {"decode_failed"}),
    ],
)
def test_streams_that_lie_are_refused(tmp_path, decoder, syntax, fragment, attributes, expected):
    path = tmp_path / "a.dcm"
    path.write_bytes(lying(fragment, syntax, **attributes))
    assert reason(decoder, path) in expected


def test_random_damage_never_harms_the_caller(dicom_mixed, tmp_path):
    """Bytes changed, cut out and cut off, in headers and codestreams of every family of codecs."""
    names = [
        "JLSL_08_07_0_1F.dcm",
        "emri_small_RLE.dcm",
        "emri_small_jpeg_2k_lossless.dcm",
        "emri_small_jpeg_ls_lossless.dcm",
        "HTJ2KLossless_08_RGB.dcm",
        "SC_rgb_2frame.dcm",
        "liver_deflate.dcm",
        "JPEG-LL.dcm",
        "OBXXXX1A_rle.dcm",
    ]
    rng = random.Random(20261120)
    path, fates = tmp_path / "a.dcm", {"ok": 0, "refused": 0}
    with Decoder(Limits(memory=1 << 30, seconds=5)) as decoder:
        for turn in range(36 * len(names)):
            data = bytearray((dicom_mixed / "files" / names[turn % len(names)]).read_bytes())
            for _ in range(rng.choice((1, 3, 20))):
                data[rng.randrange(132, len(data))] = rng.randrange(256)
            if turn % 4 == 0:
                start = rng.randrange(132, len(data))
                del data[start : start + rng.choice((1, 100, len(data)))]
            path.write_bytes(bytes(data))
            try:
                decoder.decode(path, [1])
                fates["ok"] += 1
            except UnreadableImage as error:
                fates["refused"] += error.reason in REASONS
    assert fates["ok"] > 50
    assert fates["refused"] > 50
    assert sum(fates.values()) == 36 * len(names)


def test_broken_rasters_are_refused(tmp_path, decoder):
    rng = random.Random(7)
    Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64)).save(
        tmp_path / "a.tif", compression="tiff_lzw"
    )
    Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).save(tmp_path / "a.png")
    for source in ("a.tif", "a.png"):
        whole = (tmp_path / source).read_bytes()
        for _ in range(40):
            data = bytearray(whole)
            for _ in range(4):
                data[rng.randrange(len(data))] = rng.randrange(256)
            (tmp_path / "b").write_bytes(bytes(data))
            with suppress(UnreadableImage):
                decoder.decode(tmp_path / "b")
