"""What a client sends is checked, stored, and comes back bit for bit."""

import base64

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotations.content import complete, merge, store, summary, wire
from annotations.spec import normalise
from fovea.core.errors import Invalid
from fovea.core.storage import blob_path
from tests.annotations.conftest import SPEC, coded, mask_of

SHAPES = {"5-1": (8, 8), "5-2": (8, 8)}


@pytest.fixture
def spec(db, blob_root) -> dict:
    return normalise(SPEC)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mask=arrays(np.uint8, (8, 8), elements=st.sampled_from([0, 1, 2, 255])))
def test_a_mask_comes_back_bit_for_bit(spec: dict, mask: np.ndarray) -> None:
    stored = store({"slices": {"5-1": coded(mask)}}, spec=spec, shapes=SHAPES)
    if not mask.any():
        assert stored["slices"] == {"5-1": None}
        return
    assert wire(stored)["slices"]["5-1"] == coded(mask)


def test_equal_masks_are_one_blob(spec: dict) -> None:
    text = coded(mask_of((1, 1, 1)))
    stored = store({"slices": {"5-1": text, "5-2": text}}, spec=spec, shapes=SHAPES)
    assert stored["slices"]["5-1"] == stored["slices"]["5-2"]
    assert blob_path(stored["slices"]["5-1"]).exists()


BOX = {"id": "b", "class": "cell", "frame": "5-1", "x": 1, "y": 2, "w": 3, "h": 4}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ([], "object"),
        ({"masks": {}}, "masks"),
        ({"answers": {"other": "x"}}, "other"),
        ({"answers": {"finding": "tumour"}}, "finding"),
        ({"answers": {"finding": ["nodule"]}}, "finding"),
        ({"boxes": [{**BOX, "class": "organ"}]}, "boxes[0].class"),
        ({"boxes": [{**BOX, "frame": "9-1"}]}, "boxes[0]"),
        ({"boxes": [{**BOX, "w": 8}]}, "outside"),
        ({"boxes": [{**BOX, "w": 0}]}, "no area"),
        ({"boxes": [{**BOX, "x": float("nan")}]}, "boxes[0].x"),
        ({"boxes": [{**BOX, "x": True}]}, "boxes[0].x"),
        ({"boxes": [{**BOX, "id": ""}]}, "boxes[0].id"),
        ({"polygons": [{"id": "p", "class": "organ", "frame": "5-1", "points": [[0, 0], [1, 1]]}]}, "3 to"),
        ({"slices": {"9-1": None}}, "9-1"),
        ({"slices": {"5-1": "not base64!"}}, "5-1"),
        ({"slices": {"5-1": 7}}, "5-1"),
        ({"slices": {"5-1": base64.b64encode(bytes([1, 63])).decode()}}, "fill"),
        ({"slices": {"5-1": coded(mask_of((0, 0, 9)))}}, "classes"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(spec: dict, content: object, word: str) -> None:
    with pytest.raises(Invalid) as error:
        store(content, spec=spec, shapes=SHAPES)
    assert word in error.value.message


def test_multiple_answers_are_kept_in_the_order_of_the_schema(db) -> None:
    spec = normalise({"questions": [{"key": "q", "type": "multiple", "options": ["a", "b", "c"]}]})
    stored = store({"answers": {"q": ["c", "a"]}}, spec=spec, shapes={})
    assert stored["answers"] == {"q": ["a", "c"]}


def test_a_partial_change_keeps_what_it_does_not_mention() -> None:
    base = {"answers": {"finding": "none"}, "slices": {"5-1": "aa", "5-2": "bb"}}
    change = {"slices": {"5-2": None, "5-3": "cc"}}
    assert merge(base, change, partial=True) == {
        "answers": {"finding": "none"},
        "slices": {"5-1": "aa", "5-3": "cc"},
    }
    assert merge(base, change, partial=False) == {"slices": {"5-3": "cc"}}
    assert base["slices"] == {"5-1": "aa", "5-2": "bb"}


def test_a_submission_states_every_part_and_needs_its_answers() -> None:
    spec = normalise(SPEC)
    with pytest.raises(Invalid) as error:
        complete({}, spec)
    assert error.value.error_code == "incomplete"
    assert error.value.details == {"questions": ["finding"]}
    assert complete({"answers": {"finding": "none"}}, spec) == {
        "answers": {"finding": "none"},
        "slices": {},
        "boxes": [],
    }


def test_a_summary_says_what_changed() -> None:
    assert summary({}, {"slices": {"1": "a"}}) == "1 slice"
    assert summary({"slices": {"1": "a"}}, {"slices": {}, "boxes": [BOX]}) == "1 slice, boxes"
    assert summary({"boxes": []}, {"slices": {}}) == "no change"
