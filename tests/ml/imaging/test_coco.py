import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.imaging import coco

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))


@given(masks)
def test_run_lengths_give_the_mask_back(mask):
    made = coco.encode_counts(mask)
    assert np.array_equal(coco.decode_segmentation(made, mask.shape), mask)
    packed = {"size": made["size"], "counts": coco.pack_counts(made["counts"]).decode()}
    assert np.array_equal(coco.decode_segmentation(packed, mask.shape), mask)


@given(st.lists(st.integers(0, 1_000_000)))
def test_packed_counts_are_unpacked(counts):
    assert coco.unpack_counts(coco.pack_counts(counts)) == counts


def test_a_packed_mask_as_pycocotools_writes_it():
    # maskUtils.encode(np.asfortranarray([[0, 1, 1], [0, 1, 0]], uint8)) → counts b'231' (2, 3, 1)
    mask = coco.decode_segmentation({"size": [2, 3], "counts": "231"}, (2, 3))
    assert mask.astype(int).tolist() == [[0, 1, 1], [0, 1, 0]]


def test_polygons_count_from_the_images_corner():
    mask = coco.decode_segmentation([[1, 1, 3, 1, 3, 2, 1, 2]], (4, 5))
    assert mask.sum() == 2
    assert mask[1, 1:3].all()
    assert coco.ring_to_polygon(coco.polygon_to_ring([1, 1, 3, 1, 3, 2])) == [1, 1, 3, 1, 3, 2]


@pytest.mark.parametrize(
    "segmentation",
    [
        None,
        "x",
        {"size": [2, 2]},
        {"size": [3, 2], "counts": [4]},
        {"size": [2, 2], "counts": [5]},
        {"size": [2, 2], "counts": [-1, 5]},
        {"size": [2, 2], "counts": [1.5, 2.5]},
        {"size": [2, 2], "counts": "\x01"},
        {"size": [2, 2], "counts": "P"},
        [[1, 2, 3]],
        [["a"] * 6],
    ],
)
def test_malformed_segmentations_are_refused(segmentation):
    with pytest.raises(ValueError):
        coco.decode_segmentation(segmentation, (2, 2))
