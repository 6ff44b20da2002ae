"""Readers of label files: what they understand and what they refuse, in words."""

import csv
import io
import json

import pytest

from annotations.importers.coco import COCO
from annotations.importers.table import TABLE
from annotations.importers.voc import VOC


def table(rows: list[dict], **options):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return list(TABLE.rows(text.getvalue().encode(), options))


def test_a_table_gives_answers_split_patient_and_cluster() -> None:
    row = {
        "file": "a/1.png",
        "Label": "melanoma",
        "patient_id": "p7",
        "split": "valid",
        "cluster": "site 2",
        "sex": "f",
    }
    (found,) = table([row])
    assert found.image == "a/1.png"
    assert found.answers == {"label": "melanoma"}
    assert (found.patient, found.split, found.cluster) == ("p7", "val", "site 2")
    assert found.attributes == {"sex": "f"}


def test_a_label_beside_a_mask_names_what_the_mask_shows() -> None:
    row = {"file": "1.png", "label": "nucleus", "mask": "masks/1.png"}
    assert table([row])[0].answers is None
    assert table([row])[0].mask == "masks/1.png"
    assert table([row], label_column="label")[0].answers == {"label": "nucleus"}


def test_box_columns_make_boxes_and_empty_ones_are_left_out() -> None:
    edges = {"xmin": "10", "ymin": "20", "xmax": "30", "ymax": "25"}
    flat = {"xmin": "10", "ymin": "20", "xmax": "10", "ymax": "25"}
    full, empty = table(
        [{"file": "1.png", "label": "WBC", **edges}, {"file": "2.png", "label": "WBC", **flat}]
    )
    assert [(b.name, b.x, b.y, b.w, b.h) for b in full.boxes] == [("WBC", 10, 20, 20, 5)]
    assert empty.boxes == ()


@pytest.mark.parametrize(
    ("data", "options", "word"),
    [
        (b"a,b\n1,2\n", {}, "image_column"),
        (b"file,label\nx,y\n", {"label_column": "class"}, "there is no column"),
        ("file,label\nä,y\n".encode("latin-1"), {}, "UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read_says_what_to_do(data: bytes, options: dict, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        list(TABLE.rows(data, options))


COCO_FILE = {
    "images": [{"id": 1, "file_name": "1.jpg"}, {"id": 2, "file_name": "2.jpg"}],
    "categories": [{"id": 5, "name": "RBC"}],
    "annotations": [
        {"image_id": 1, "category_id": 5, "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 4, 2, 4, 6]]},
        {"image_id": 1, "category_id": 5, "bbox": [1, 2, 0, 4]},
    ],
}


def test_coco_gives_boxes_and_regions_and_states_empty_images() -> None:
    first, second = COCO.rows(json.dumps(COCO_FILE).encode(), {})
    assert [(b.name, b.x, b.y, b.w, b.h) for b in first.boxes] == [("RBC", 1, 2, 3, 4)]
    assert first.segments[0].segmentation == [[1, 2, 4, 2, 4, 6]]
    assert (second.image, second.boxes, second.segments) == ("2.jpg", (), ())


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"images": []}', b"\xff\xfe"])
def test_what_is_not_coco_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not COCO"):
        list(COCO.rows(data, {}))


def voc(*boxes: str) -> bytes:
    objects = "".join(f"<object><name>WBC</name><bndbox>{box}</bndbox></object>" for box in boxes)
    return f"<annotation><filename>1.jpg</filename>{objects}</annotation>".encode()


def test_voc_counts_from_one_and_includes_both_ends() -> None:
    box = "<xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>4</ymax>"
    empty = "<xmin>5</xmin><ymin>5</ymin><xmax>5</xmax><ymax>5</ymax>"
    (row,) = VOC.rows(voc(box, empty), {})
    assert [(b.x, b.y, b.w, b.h) for b in row.boxes] == [(0, 1, 10, 3)]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"<annotation>", "not XML"),
        (b"<html/>", "not Pascal VOC"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><annotation/>', "attack"),
        (voc("<xmin>1</xmin>"), "bndbox"),
    ],
)
def test_what_is_not_voc_is_refused(data: bytes, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        list(VOC.rows(data, {}))
