"""Slugs: the short names in addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from django.db.models import Model
from django.utils.text import slugify

from fovea.core.errors import Conflict, Invalid

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def slug_for(model: type[Model], name: str, slug: str | None) -> str:
    """A free slug: the asked one, or one made from the name. Raises Invalid for a malformed one, Conflict for
    one that is taken.
    """
    rows = model._default_manager
    if slug is not None:
        if not _SLUG.fullmatch(slug):
            raise Invalid(
                "A slug has 1 to 60 small letters, digits and hyphens, and starts with a letter or digit."
            )
        if rows.filter(slug=slug).exists():
            raise Conflict("That slug is taken; choose another.", code="slug_taken")
        return slug
    base = slugify(name)[:50].strip("-_").replace("_", "-") or model.__name__.lower()
    taken = set(rows.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(found for found in _candidates(base) if found not in taken)


def _candidates(base: str) -> Iterator[str]:
    yield base
    yield from (f"{base}-{number}" for number in count(2))


def name_checked(name: str) -> str:
    """A dataset's or project's name as stored. Raises Invalid when it is empty, too long or holds control
    characters.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= 120 or not name.isprintable():
        raise Invalid("A name has 1 to 120 printable characters.")
    return name
