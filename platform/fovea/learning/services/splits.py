"""The split of a project's items: drawn by patient, kept on the item for ever, so that figures stay comparable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from annotations.models import AnnotationVersion, Item
from fovea.datasets.models import Project
from ml.data.splits import Unit, assign_splits

VALIDATION_SHARE = 0.1


def splits_draw(project: Project, versions: Iterable[AnnotationVersion], *, test_share: float) -> int:
    """Give every labelled item without a split one, and return how many were drawn.

    By patient, stratified by label and cluster, deterministic. Splits that items have already (drawn before, or
    given by an import) stay, and a patient's new items follow the patient's others: the held-out set never changes,
    it only grows by new patients.
    """
    labelled = {version.item_id: stratum_of(version.content) for version in versions}
    items = list(
        Item.objects.filter(project=project, pk__in=labelled).only("id", "patient_id", "split", "cluster")
    )
    fixed = {str(item.pk): item.split for item in items if item.split}
    free = [item for item in items if not item.split]
    if not free:
        return 0
    units = [
        Unit(str(item.pk), group=str(item.patient_id), stratum=f"{item.cluster}|{labelled[item.pk]}")
        for item in items
    ]
    drawn = assign_splits(units, test=test_share, val=VALIDATION_SHARE, seed=project.pk, fixed=fixed)
    for item in free:
        item.split = drawn[str(item.pk)]
    Item.objects.bulk_update(free, ["split"], batch_size=2_000)
    return len(free)


def stratum_of(content: dict[str, Any]) -> str:
    """What a split spreads evenly: the answers, and whether anything was segmented or boxed."""
    answers = content.get("answers") or {}
    parts = [f"{key}={answers[key]}" for key in sorted(answers)]
    if "slices" in content:
        parts.append("masks" if content["slices"] else "no masks")
    if "boxes" in content:
        parts.append(f"boxes={min(len(content['boxes']), 3)}")
    return ";".join(parts)
