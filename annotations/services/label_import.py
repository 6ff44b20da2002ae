"""Labels that come with images: label files of an import become submitted versions of source `import`.

Runs inside the import's job, after its images are stored. Items that have labels already are left alone and reported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from annotations.content import complete
from annotations.importers import READERS, LabelRow
from annotations.models import AnnotationVersion, Item, LabelSchema, Source
from annotations.selectors.items import item_frames
from annotations.selectors.schemas import schema_current
from annotations.services.items import items_sync, mark_submitted
from annotations.services.label_content import content_of
from annotations.services.label_names import NameIndex, image_index
from annotations.services.label_schema import schema_for
from fovea.audit.services import event_record
from fovea.core.errors import Invalid
from fovea.core.storage import blob_read
from fovea.datasets.models import Import, ImportFile, Instance
from fovea.datasets.services.names import stem
from fovea.datasets.services.patients import patients_assign

Report = Callable[[str], None]

_BATCH = 500
_KEYS = UUID(
    "8f1d0a52-58a5-4bb1-9a52-0f0c6a3b7f11"
)  # namespace of the keys that make a repeated import give the same versions


def labels_import(*, batch_id: int, report: Report) -> int:
    """Read an import's label files into its project; returns how many items were labelled. Each file's fate is on its row."""
    batch = Import.objects.select_related("project__dataset").get(pk=batch_id)
    files = list(ImportFile.objects.filter(batch=batch, status="label"))
    if not files:
        return 0
    if batch.project is None:
        report(f"{len(files)} label files were kept but not read: the import names no project.")
        return 0
    options = batch.options.get("label_options") or {}
    masks = NameIndex((file.name, index) for index, file in enumerate(files))
    rows = _rows_by_image(files, options, image_index(batch), report)
    if not rows:
        report("No label fits an imported image by name; check the file names in the label files.")
        return 0
    items_sync(batch.project)
    schema = schema_current(batch.project) or schema_for(batch, rows.values(), files, masks, options, report)
    if schema is None:
        report(
            "The label files name no classes and the project asks nothing yet: set its label schema and import again."
        )
        return 0
    return _apply(batch, schema, rows, files, masks, options, report)


def _rows_by_image(
    files: list[ImportFile], options: Mapping[str, Any], images: NameIndex, report: Report
) -> dict[int, LabelRow]:
    """One combined row per instance. What two files say of the same part is taken from the first and reported."""
    rows: dict[int, LabelRow] = {}
    doubled: Counter[str] = Counter()
    unmatched = 0
    for file in sorted(files, key=lambda file: file.name):
        for name, row in _rows_of(file, options).items():
            instance = images.find(name)
            if instance is None:
                unmatched += 1
            else:
                rows[instance] = _combine(rows[instance], row, doubled) if instance in rows else row
    for name in _loose_masks(files, rows):
        instance = images.find(stem(name))
        if instance is not None and not (instance in rows and rows[instance].mask):
            rows[instance] = replace(rows.get(instance, LabelRow(image=name)), mask=name)
    if unmatched:
        report(f"{unmatched} rows of label files name images that are not in this import.")
    for part, count in doubled.items():
        report(f"{count} images have {part} in more than one label file; those of the first file were kept.")
    return rows


def _rows_of(file: ImportFile, options: Mapping[str, Any]) -> dict[str, LabelRow]:
    """A file's rows by image name; what it cannot read is marked on it. Within one file, boxes of an image add up."""
    reader = next((r for r in READERS if file.name.lower().endswith(r.suffixes)), None)
    if reader is None or file.blob_id is None:
        return {}
    rows: dict[str, LabelRow] = {}
    try:
        for row in reader.rows(blob_read(file.blob_id), options):
            known = rows.get(row.image)
            rows[row.image] = (
                row if known is None else replace(known, boxes=(known.boxes or ()) + (row.boxes or ()))
            )
    except ValueError as error:
        ImportFile.objects.filter(pk=file.pk).update(
            status="failed", reason="labels_unreadable", message=str(error)
        )
        return {}
    return rows


def _combine(first: LabelRow, second: LabelRow, doubled: Counter[str]) -> LabelRow:
    changes: dict[str, Any] = {}
    for part in ("answers", "boxes", "segments", "mask", "patient", "split", "cluster", "attributes"):
        ours, theirs = getattr(first, part), getattr(second, part)
        if not ours and theirs:
            changes[part] = theirs
        elif ours and theirs and ours != theirs and part in ("answers", "boxes", "segments", "mask"):
            doubled[part] += 1
    return replace(first, **changes)


def _loose_masks(files: list[ImportFile], rows: Mapping[int, LabelRow]) -> Iterator[str]:
    """Mask images that no table mentions; they belong to the image of the same stem."""
    mentioned = {stem(row.mask) for row in rows.values() if row.mask}
    suffixes = tuple(suffix for reader in READERS for suffix in reader.suffixes)
    return (f.name for f in files if not f.name.lower().endswith(suffixes) and stem(f.name) not in mentioned)


def _apply(
    batch: Import,
    schema: LabelSchema,
    rows: dict[int, LabelRow],
    files: list[ImportFile],
    masks: NameIndex,
    options: Mapping[str, Any],
    report: Report,
) -> int:
    labelled, problems = 0, Counter[str]()
    for chunk in _chunks(iter(rows.items())):
        found = _items_of(batch, [instance for instance, _ in chunk])
        parts: dict[int, tuple[Item, list[tuple[LabelRow, Instance]]]] = {}
        for instance, row in chunk:
            for item, image in found.get(instance, []):
                parts.setdefault(item.pk, (item, []))[1].append((row, image))
        if not parts:
            continue
        labelled += _apply_chunk(batch, schema, list(parts.values()), files, masks, options, problems)
    for problem, count in problems.items():
        report(f"{count} × {problem}")
    report(f"{labelled} items were labelled by the import.")
    return labelled


@transaction.atomic
def _apply_chunk(
    batch: Import,
    schema: LabelSchema,
    parts: list[tuple[Item, list[tuple[LabelRow, Instance]]]],
    files: list[ImportFile],
    masks: NameIndex,
    options: Mapping[str, Any],
    problems: Counter[str],
) -> int:
    versions = []
    _place(parts)
    for item, rows in parts:
        if item.current_id is not None:
            problems["item has labels already; they were left as they are"] += 1
            continue
        try:
            content = content_of(
                rows, frames=item_frames(item), spec=schema.spec, files=files, masks=masks, options=options
            )
            if content:
                content = complete(content, schema.spec)
        except Invalid as error:
            problems[error.message] += 1
            continue
        if content:
            versions.append(_version(batch, schema, item, content))
    made = AnnotationVersion.objects.bulk_create(versions)
    for version in made:
        version.item.current = version
    items = [item for item, _ in parts]
    Item.objects.bulk_update(items, ["current", "split", "cluster", "patient"], batch_size=_BATCH)
    if made:
        mark_submitted([version.item for version in made], schema.project_id)
        event_record(
            actor=batch.created_by,
            action="annotation.import",
            scope=schema.project.scope,
            target=f"import:{batch.pk}",
            items=len(made),
        )
    return len(made)


def _version(batch: Import, schema: LabelSchema, item: Item, content: dict[str, Any]) -> AnnotationVersion:
    return AnnotationVersion(
        item=item,
        number=1,
        schema=schema,
        key=uuid5(_KEYS, f"{batch.pk}/{item.pk}"),
        source=Source.IMPORT,
        author=batch.created_by,
        content=content,
        submitted=True,
    )


def _place(parts: list[tuple[Item, list[tuple[LabelRow, Instance]]]]) -> None:
    """Split, cluster, patient and what is known of the patient, as the label files state them."""
    known: dict[int, tuple[str, dict[str, str]]] = {}
    for item, rows in parts:
        row = rows[0][0]
        item.split = row.split or item.split
        item.cluster = row.cluster or item.cluster
        if row.patient:
            known[item.series_id] = (row.patient, dict(row.attributes))
        elif row.attributes:
            item.patient.attributes |= row.attributes
            item.patient.sex = row.attributes.get("sex", item.patient.sex)[:16]
            item.patient.save(update_fields=["attributes", "sex"])
    patients = patients_assign(parts[0][0].project.dataset, known) if known else {}
    for item, _ in parts:
        item.patient = patients.get(item.series_id, item.patient)


def _items_of(batch: Import, instance_ids: list[int]) -> dict[int, list[tuple[Item, Instance]]]:
    """The item that each instance belongs to: its own, or its series'."""
    instances = {i.pk: i for i in Instance.objects.filter(pk__in=instance_ids)}
    items = Item.objects.filter(project=batch.project).select_related(
        "project__dataset", "series__study", "instance", "patient"
    )
    found: dict[int, list[tuple[Item, Instance]]] = defaultdict(list)
    for item in items.filter(instance_id__in=instance_ids):
        if item.instance is not None:
            found[item.instance.pk].append((item, instances[item.instance.pk]))
    by_series = {
        i.series_id: i
        for i in items.filter(instance=None, series_id__in={i.series_id for i in instances.values()})
    }
    for instance in instances.values():
        if instance.series_id in by_series:
            found[instance.pk].append((by_series[instance.series_id], instance))
    return found


def _chunks(rows: Iterator[tuple[int, LabelRow]]) -> Iterator[list[tuple[int, LabelRow]]]:
    while chunk := list(islice(rows, _BATCH)):
        yield chunk
