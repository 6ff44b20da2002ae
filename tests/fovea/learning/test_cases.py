from __future__ import annotations

import base64
import math

import numpy as np
import pytest

from fovea.learning.cases import Cases, case_score, cases_read, cases_write, compare
from ml.data.manifest import FrameRef, Item, MaskRef
from ml.data.task import task_from_json
from ml.imaging.masks import encode_rle, pack

TASK = task_from_json(
    {
        "questions": [{"key": "q", "type": "single", "options": [{"value": "a"}, {"value": "b"}]}],
        "classes": [{"index": 1, "name": "organ"}],
    }
)


def item(tmp_path, mask=None, answers=None):
    slices = None
    if mask is not None:
        path = tmp_path / "mask"
        path.write_bytes(pack(encode_rle(mask)))
        slices = {"1-1": MaskRef(str(path), "")}
    return Item("1", "test", (FrameRef("1-1", "", ""),), answers=answers, slices=slices)


def proposal(mask=None, **probabilities):
    slices = {} if mask is None else {"1-1": base64.b64encode(encode_rle(mask)).decode()}
    return {"content": {"slices": slices}, "probabilities": {"q": probabilities} if probabilities else {}}


def square(size, value=1):
    mask = np.zeros((8, 8), np.uint8)
    mask[:size, :size] = value
    return mask


def test_an_answer_scores_its_probability(tmp_path):
    assert case_score(TASK, item(tmp_path, answers={"q": "b"}), proposal(a=0.3, b=0.7)) == 0.7


def test_a_mask_scores_its_dice(tmp_path):
    score = case_score(TASK, item(tmp_path, mask=square(4)), proposal(square(2)))
    assert score == pytest.approx(2 * 4 / (16 + 4))
    assert case_score(TASK, item(tmp_path, mask=square(4)), proposal()) == 0


def test_pixels_nobody_looked_at_do_not_count(tmp_path):
    truth = square(4)
    truth[4:] = 255
    guess = square(4)
    guess[4:] = 1
    assert case_score(TASK, item(tmp_path, mask=truth), proposal(guess)) == 1


def test_what_is_unknown_or_empty_has_no_score(tmp_path):
    assert math.isnan(case_score(TASK, item(tmp_path), proposal(a=0.5, b=0.5)))
    empty = Item("1", "test", (FrameRef("1-1", "", ""),), slices={})
    assert math.isnan(case_score(TASK, empty, proposal()))


def test_a_model_of_an_older_schema_scores_nothing_on_what_it_cannot_say(tmp_path):
    assert case_score(TASK, item(tmp_path, answers={"q": "b"}), proposal()) == 0
    assert case_score(TASK, item(tmp_path, mask=square(4)), proposal(square(4, value=7))) == 0


def test_two_models_are_compared_on_the_cases_that_both_have(tmp_path):
    names = [str(n) for n in range(12)]
    old = Cases("test", dict.fromkeys(names, 0.5), {name: name for name in names})
    new = Cases("test", dict.fromkeys(names[:10], 0.7), {name: name for name in names})
    found = compare(old, new)
    assert (found.wins, found.losses) == (10, 0)
    assert found.difference.estimate == pytest.approx(0.2)
    assert found.p_value < 0.05
    assert compare(old, Cases("test", {"0": 1.0}, {"0": "0"})) is None

    cases_write(new, tmp_path / "cases.json")
    assert cases_read(tmp_path / "cases.json") == new
    assert cases_read(tmp_path / "none.json") is None
