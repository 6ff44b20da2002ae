"""A project that asks everything, with one image of 8 × 8 pixels."""

import base64
from types import SimpleNamespace

import numpy as np
import pytest

from annotations.models import Item
from annotations.services import schema_set
from ml.imaging.masks import encode_rle
from tests.factories import InstanceFactory, SeriesFactory, StudyFactory

SPEC = {
    "questions": [{"key": "finding", "text": "Finding?", "options": ["none", "nodule"]}],
    "classes": [{"index": 1, "name": "organ"}, {"index": 2, "name": "lesion"}],
    "boxes": [{"name": "cell"}],
}


def coded(mask: np.ndarray) -> str:
    """A label map as it goes over the wire."""
    return base64.b64encode(encode_rle(mask)).decode()


def mask_of(*pixels: tuple[int, int, int]) -> np.ndarray:
    """An 8 × 8 label map with those (row, column, value) pixels."""
    mask = np.zeros((8, 8), np.uint8)
    for row, column, value in pixels:
        mask[row, column] = value
    return mask


@pytest.fixture
def case(people: SimpleNamespace, blob_root) -> SimpleNamespace:
    """`case.item` in `case.project`, whose schema is SPEC; `case.key` is its one frame's key."""
    study = StudyFactory(dataset=people.dataset)
    instance = InstanceFactory(series=SeriesFactory(dataset=people.dataset, study=study))
    schema_set(actor=people.data_scientist, project=people.project, spec=SPEC)
    item = Item.objects.get(instance=instance)
    return SimpleNamespace(**vars(people), item=item, instance=instance, key=f"{instance.pk}-1")
