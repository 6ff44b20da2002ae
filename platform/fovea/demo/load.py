"""Loading the demo: images by code through the ordinary import, a share of them labelled, and the first training started.

Every step looks first whether its work is done, so that a start that was interrupted is finished by the next one.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pydicom.data

from annotations.models import Item
from annotations.selectors import item_frames
from annotations.services import schema_set, version_save, version_submit
from fovea.accounts.models import User
from fovea.accounts.permissions import Role
from fovea.core.storage import blob_adopt
from fovea.datasets.models import Dataset, Project
from fovea.datasets.services.datasets import dataset_create
from fovea.datasets.services.imports import files_of_folder, import_create, import_run
from fovea.datasets.services.projects import member_set, project_create
from fovea.demo import files, people
from fovea.demo.phantoms import ct_volume, radiograph
from fovea.learning.models import Run
from fovea.learning.services.runs import run_start
from ml.imaging.masks import encode_rle

Say = Callable[[str], None]

RADIOGRAPHS, LABELLED_RADIOGRAPHS = 150, 60
VOLUMES, LABELLED_VOLUMES = 22, 8
_NOTE = "Synthetic images made by code in this project. No person's anatomy is in them."


@dataclass(frozen=True)
class _Truth:
    """What the phantoms' makers know: an answer, or a label map, by SOP UID."""

    answers: dict[str, str]
    masks: dict[str, np.ndarray]


def demo_load(say: Say) -> None:
    """Load people, three datasets and two projects, label a part, and start training. Safe to call again."""
    who = people.people_create()
    _radiographs(who, say)
    _volumes(who, say)
    _samples(who[people.ADMIN], say)


def _radiographs(who: dict[str, User], say: Say) -> None:
    say(f"making {RADIOGRAPHS} chest-like radiographs")
    rng = np.random.default_rng(20260101)
    answers: dict[str, str] = {}

    def write(folder: Path) -> None:
        for number in range(1, RADIOGRAPHS + 1):
            nodule = bool(rng.random() < 0.45)
            image = radiograph(rng, nodule=nodule, contrast=float(rng.uniform(0.08, 0.28)))
            (folder / f"radiograph-{number:03d}.dcm").write_bytes(files.radiograph_file(image, number))
            answers[files.demo_uid("instance", "dx", number)] = "nodule" if nodule else "none"

    spec = {
        "questions": [
            {
                "key": "finding",
                "text": "Is there a nodule?",
                "options": [{"value": "none", "label": "No nodule"}, {"value": "nodule", "label": "Nodule"}],
            }
        ]
    }
    dataset = _dataset(who, "demo-radiographs", "Synthetic radiographs", write, say)
    project = _project(who, dataset, "demo-nodules", "Nodules, chest-like radiographs", "image", spec)
    _label(who, project, _Truth(answers, {}), LABELLED_RADIOGRAPHS, say)
    _train(who, project, say)


def _volumes(who: dict[str, User], say: Say) -> None:
    say(f"making {VOLUMES} CT-like series")
    rng = np.random.default_rng(20260102)
    masks: dict[str, np.ndarray] = {}

    def write(folder: Path) -> None:
        for number in range(1, VOLUMES + 1):
            volume = ct_volume(rng)
            for index, data in enumerate(files.ct_files(volume, number)):
                (folder / f"ct-{number:03d}-{index:02d}.dcm").write_bytes(data)
                masks[files.demo_uid("instance", "ct", number, index)] = volume.labels[index]

    spec = {
        "classes": [
            {"index": 1, "name": "organ", "color": "#43c59e"},
            {"index": 2, "name": "lesion", "color": "#ff7a59"},
        ]
    }
    dataset = _dataset(who, "demo-ct", "Synthetic CT", write, say)
    project = _project(who, dataset, "demo-lesions", "Organ and lesions, CT-like series", "series", spec)
    _label(who, project, _Truth({}, masks), LABELLED_VOLUMES, say)
    _train(who, project, say)


def _samples(admin: User, say: Say) -> None:
    """The real files that pydicom brings along, whatever can be read of them."""
    if Dataset.objects.filter(slug="pydicom-samples").exists():
        return
    say("importing pydicom's sample files")
    # The folder itself: pydicom's own search would also look for files to download.
    folder = Path(pydicom.data.__file__).parent / "test_files"
    paths = sorted(folder.glob("*.dcm"))
    named = ((path.name, blob_adopt(path)) for path in paths)
    dataset = dataset_create(
        actor=admin,
        name="pydicom samples",
        slug="pydicom-samples",
        description="Real files that pydicom brings along",
    )
    import_run(import_create(actor=admin, dataset=dataset, files=named))


def _dataset(who: dict[str, User], slug: str, name: str, write: Callable[[Path], None], say: Say) -> Dataset:
    """The dataset with the images that `write` makes; they are made again after a broken start, and stored once."""
    admin = who[people.ADMIN]
    dataset = Dataset.objects.filter(slug=slug).first()
    dataset = dataset or dataset_create(actor=admin, name=name, slug=slug, description=_NOTE)
    with TemporaryDirectory() as folder:
        write(Path(folder))
        say(f"importing into {name}")
        import_run(import_create(actor=admin, dataset=dataset, files=files_of_folder(Path(folder))))
    return dataset


def _project(
    who: dict[str, User], dataset: Dataset, slug: str, name: str, unit: str, spec: dict[str, Any]
) -> Project:
    admin = who[people.ADMIN]
    project = Project.objects.filter(slug=slug).first()
    project = project or project_create(
        actor=admin, dataset=dataset, name=name, slug=slug, unit=unit, description=_NOTE
    )
    schema_set(actor=admin, project=project, spec=spec)
    member_set(actor=admin, project=project, user=who[people.SCIENTIST], role=Role.DATA_SCIENTIST)
    return project


def _label(who: dict[str, User], project: Project, truth: _Truth, count: int, say: Say) -> None:
    """Label an even sample of the items, as an import would: the maker of the phantoms knows the truth."""
    items = list(Item.objects.filter(project=project).order_by("id"))
    chosen = [items[index] for index in np.linspace(0, len(items) - 1, count).astype(int)]
    todo = [item for item in chosen if item.current_id is None]
    if todo:
        say(f"labelling {len(todo)} of {len(items)} items of {project.name}")
    for item in todo:
        _label_item(who[people.ADMIN], item, truth)
    # Only now, so that nobody reads a case that is just being labelled here.
    member_set(actor=who[people.ADMIN], project=project, user=who[people.RADIOLOGIST], role=Role.RADIOLOGIST)


def _label_item(actor: User, item: Item, truth: _Truth) -> None:
    frames = item_frames(item)
    content: dict[str, Any] = {}
    if truth.answers:
        content["answers"] = {"finding": truth.answers[frames[0].sop_uid]}
    else:
        content["slices"] = dict(_slices(frames, truth.masks))
    key = uuid5(NAMESPACE_URL, f"fovea-demo/{item.pk}")
    version = version_save(
        actor=actor, item=item, base_version=0, key=key, content=content, partial=False, source="import"
    )
    version_submit(
        actor=actor, item=item, base_version=version.number, key=uuid5(key, "submit"), source="import"
    )


def _slices(frames: list[Any], masks: dict[str, np.ndarray]) -> Iterator[tuple[str, str]]:
    for frame in frames:
        mask = masks[frame.sop_uid]
        if mask.any():
            yield frame.key, base64.b64encode(encode_rle(mask)).decode()


def _train(who: dict[str, User], project: Project, say: Say) -> None:
    if not Run.objects.filter(project=project).exists():
        say(f"starting the first training of {project.name}")
        run_start(actor=who[people.SCIENTIST], project=project, trigger="demo")
