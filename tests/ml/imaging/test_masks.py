import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.imaging import masks

label_maps = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=24),
    elements=st.sampled_from([0, 1, 2, 127, 128, 200, 255]),
)


@given(label_maps)
def test_decoding_gives_the_encoded_mask_back(mask):
    assert np.array_equal(masks.decode_rle(masks.encode_rle(mask), mask.shape), mask)


@given(label_maps)
def test_the_code_agrees_with_a_plain_reference(mask):
    assert masks.encode_rle(mask) == _reference(mask)


@given(label_maps)
def test_values_are_counted_without_decoding(mask):
    values, counts = np.unique(mask, return_counts=True)
    assert masks.count_values(masks.encode_rle(mask)) == dict(
        zip(values.tolist(), counts.tolist(), strict=True)
    )


@given(st.binary(max_size=40), st.integers(1, 6), st.integers(1, 6))
def test_any_bytes_are_either_refused_or_the_canonical_code_of_what_they_decode_to(data, rows, columns):
    try:
        mask = masks.decode_rle(data, (rows, columns))
    except ValueError:
        return
    assert masks.encode_rle(mask) == data


def test_known_bytes():
    mask = np.zeros((10, 30), np.uint8)
    mask[3, 5] = 7
    assert masks.encode_rle(mask) == bytes([0, 95, 7, 1, 0, 0xCC, 0x01])


@pytest.mark.parametrize("size", [127, 128, 16383, 16384, 2097151, 2097152])
def test_run_lengths_around_each_byte_boundary(size):
    mask = np.full((1, size), 3, np.uint8)
    assert np.array_equal(masks.decode_rle(masks.encode_rle(mask), mask.shape), mask)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x01\x00",
        b"\x01\x84",
        b"\x01\x84\x00",
        b"\x01\x02\x01\x02",
        b"\x01\x05",
        b"\x01\x80\x80\x80\x80\x80\x01",
    ],
    ids=["empty", "no length", "zero", "cut", "overlong", "not joined", "too long", "too many bytes"],
)
def test_malformed_codes_are_refused(data):
    with pytest.raises(ValueError):
        masks.decode_rle(data, (2, 2))


@pytest.mark.parametrize(
    "bad", [np.zeros(4), np.zeros((0, 3)), np.array([[256]]), np.array([[-1]]), np.array([[0.5]])]
)
def test_what_is_no_label_map_is_refused(bad):
    with pytest.raises(ValueError):
        masks.encode_rle(bad)


def test_packing_is_deterministic_and_bounded():
    rle = masks.encode_rle(np.zeros((512, 512), np.uint8))
    assert masks.unpack(masks.pack(rle), 100) == rle
    bomb = masks.pack(b"\x00" * 1_000_000)
    with pytest.raises(ValueError, match="inflates beyond"):
        masks.unpack(bomb, 1000)
    for broken in (b"", b"xx", masks.pack(rle)[:-1], masks.pack(rle) + b"x"):
        with pytest.raises(ValueError):
            masks.unpack(broken, 1000)


def _reference(mask: np.ndarray) -> bytes:
    out = bytearray()
    flat = mask.ravel().tolist()
    start = 0
    for at in range(1, len(flat) + 1):
        if at == len(flat) or flat[at] != flat[start]:
            length = at - start
            out.append(flat[start])
            while length > 127:
                out.append(length & 127 | 128)
                length >>= 7
            out.append(length)
            start = at
    return bytes(out)
