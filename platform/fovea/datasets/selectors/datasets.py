"""Reading datasets."""

from __future__ import annotations

from typing import NoReturn

from django.db.models import Exists, OuterRef, Q, QuerySet

from fovea.accounts.access import Actor, Scope, require
from fovea.core.errors import NotFound
from fovea.datasets.models import Dataset, Membership


def datasets_visible(*, actor: Actor) -> QuerySet[Dataset]:
    """The datasets that the actor may see, newest first; paginate by key."""
    rows = Dataset.objects.order_by("-id")
    if getattr(actor, "is_superuser", False):
        return rows
    member = Membership.objects.filter(user_id=actor.pk, project__dataset=OuterRef("pk"))
    return rows.filter(Q(created_by_id=actor.pk) | Exists(member))


def dataset_get(*, actor: Actor, slug: str, action: str = "dataset.view") -> Dataset:
    """The dataset of that slug, when the actor may do `action` to it. Raises NotFound or Forbidden."""
    dataset = Dataset.objects.filter(slug=slug).first()
    if dataset is None:
        not_here()
    require(actor, action, dataset_scope(dataset))
    return dataset


def dataset_scope(dataset: Dataset | int) -> Scope:
    """What permissions on a dataset are asked about."""
    return Scope("dataset", dataset if isinstance(dataset, int) else dataset.pk)


def not_here() -> NoReturn:
    """Raise the one answer to what does not exist or is not for the reader."""
    raise NotFound("There is nothing here under that address, or it is not for you to see.")
