"""Making, renaming and deleting datasets."""

from __future__ import annotations

from django.db import transaction

from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.core.errors import Conflict, Forbidden
from fovea.datasets.models import Dataset
from fovea.datasets.selectors.datasets import dataset_scope
from fovea.datasets.selectors.roles import may_create_dataset
from fovea.datasets.services.slugs import name_checked, slug_for


@transaction.atomic
def dataset_create(*, actor: Actor, name: str, slug: str | None = None, description: str = "") -> Dataset:
    """Make an empty dataset; its maker may import into it. Raises Forbidden, Invalid, or Conflict for a taken
    slug.
    """
    if not may_create_dataset(actor):
        raise Forbidden(
            "Only site admins, and data scientists and admins of some project, may make datasets."
        )
    name = name_checked(name)
    dataset = Dataset.objects.create(
        name=name, slug=slug_for(Dataset, name, slug), description=description, created_by_id=actor.pk
    )
    event_record(
        actor=actor, action="dataset.create", scope=dataset_scope(dataset), target=f"dataset:{dataset.pk}"
    )
    return dataset


@transaction.atomic
def dataset_update(
    *, actor: Actor, dataset: Dataset, name: str | None = None, description: str | None = None
) -> Dataset:
    """Rename or describe a dataset; its slug stays, so that addresses go on working."""
    require(actor, "dataset.edit", dataset_scope(dataset))
    if name is not None:
        dataset.name = name_checked(name)
    if description is not None:
        dataset.description = description
    dataset.save(update_fields=["name", "description"])
    event_record(
        actor=actor, action="dataset.edit", scope=dataset_scope(dataset), target=f"dataset:{dataset.pk}"
    )
    return dataset


@transaction.atomic
def dataset_delete(*, actor: Actor, dataset: Dataset) -> None:
    """Delete a dataset and its images. Raises Conflict while a project is on it: labels never go with a
    click.
    """
    require(actor, "dataset.delete", dataset_scope(dataset))
    if dataset.projects.exists():
        raise Conflict("Projects use this dataset; delete them first.", code="dataset_in_use")
    event_record(
        actor=actor, action="dataset.delete", scope=dataset_scope(dataset), target=f"dataset:{dataset.pk}"
    )
    dataset.delete()
