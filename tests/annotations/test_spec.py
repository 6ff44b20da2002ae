"""The label schema's language."""

import pytest

from annotations.spec import compatible, normalise
from fovea.core.errors import Invalid


def test_short_forms_are_filled_in() -> None:
    spec = normalise(
        {
            "questions": [{"key": "q", "options": ["a", "b"]}],
            "classes": ["organ", "lesion"],
            "boxes": ["cell"],
        }
    )
    assert spec["questions"][0] == {
        "key": "q",
        "text": "q",
        "type": "single",
        "required": True,
        "options": [{"value": "a", "label": "a"}, {"value": "b", "label": "b"}],
    }
    assert [c["index"] for c in spec["classes"]] == [1, 2]
    assert len({c["color"] for c in spec["classes"]}) == 2


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ([], "label schema"),
        ({}, "at least one"),
        ({"shapes": []}, "shapes"),
        ({"classes": "organ"}, "`classes` is a list"),
        ({"classes": [{"name": "organ", "index": 0}]}, "classes[0].index"),
        ({"classes": [{"name": "organ", "index": 255}]}, "classes[0].index"),
        ({"classes": [{"name": "organ", "index": True}]}, "classes[0].index"),
        ({"classes": [{"name": "a", "index": 1}, {"name": "b", "index": 1}]}, "class indexes"),
        ({"classes": [{"name": "organ", "color": "red"}]}, "classes[0].color"),
        ({"questions": [{"key": "Has Space", "options": ["a", "b"]}]}, "questions[0].key"),
        ({"questions": [{"key": "q", "options": ["only"]}]}, "questions[0].options"),
        ({"questions": [{"key": "q", "type": "free", "options": ["a", "b"]}]}, "questions[0].type"),
        ({"questions": [{"key": "q", "options": ["a", "a"]}]}, "answers of “q”"),
        ({"boxes": [{"name": "x" * 201}]}, "boxes[0].name"),
    ],
)
def test_what_is_wrong_is_named(spec: object, place: str) -> None:
    with pytest.raises(Invalid) as error:
        normalise(spec)
    assert place in error.value.message


def test_a_new_version_may_not_change_what_stored_masks_mean() -> None:
    old = normalise({"classes": [{"index": 1, "name": "organ"}, {"index": 2, "name": "lesion"}]})
    swapped = normalise({"classes": [{"index": 2, "name": "organ"}, {"index": 1, "name": "lesion"}]})
    renamed = normalise({"classes": [{"index": 1, "name": "liver"}, {"index": 2, "name": "lesion"}]})
    with pytest.raises(Invalid, match="index"):
        compatible(old, swapped)
    compatible(old, renamed)


def test_a_question_may_not_change_its_type() -> None:
    old = normalise({"questions": [{"key": "q", "options": ["a", "b"]}]})
    new = normalise({"questions": [{"key": "q", "type": "multiple", "options": ["a", "b"]}]})
    with pytest.raises(Invalid, match="new key"):
        compatible(old, new)
