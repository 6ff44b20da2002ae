"""Pages of a list by keyset: each page starts after the last row of the one before, however long the list is.

No COUNT(*) and no OFFSET. The cursor holds values of the ordering's columns and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.core.errors import Invalid


def _encode(values: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decode(cursor: str, count: int) -> list[str]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or len(values) != count or not all(isinstance(v, str) for v in values):
        raise Invalid("That cursor is not one of this list; start again without it.", field="cursor")
    return values


def _after(ordering: tuple[str, ...], values: list[str]) -> Q:
    """Rows that come after `values` in the ordering: (a, b) > (x, y) for mixed directions, written so that an index on
    the first column serves."""
    beyond, ties = Q(), Q()
    for field, value in zip(ordering, values, strict=True):
        name, comparison = (field[1:], "lt") if field.startswith("-") else (field, "gt")
        beyond |= ties & Q(**{f"{name}__{comparison}": value})
        ties &= Q(**{name: value})
    first, comparison = (ordering[0].lstrip("-"), "lte" if ordering[0].startswith("-") else "gte")
    return Q(**{f"{first}__{comparison}": values[0]}) & beyond


class KeysetPagination(BasePagination):
    """`?cursor=&limit=` → `{"results": [...], "next": "<cursor>" | null}`.

    The view's `ordering` names the columns, newest or best first, the last of them unique, none nullable. Names may cross
    relations (`series__number`) or be annotations.
    """

    default_limit = 50
    max_limit = 500

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page of rows of a queryset. Raises Invalid on a cursor or a limit that makes no sense."""
        ordering: tuple[str, ...] = view.ordering
        limit = self._limit(request)
        rows = queryset.order_by(*ordering)
        if cursor := request.query_params.get("cursor", ""):
            try:
                rows = rows.filter(_after(ordering, _decode(cursor, len(ordering))))
            except (ValueError, TypeError, ValidationError):
                raise Invalid(
                    "That cursor is not one of this list; start again without it.", field="cursor"
                ) from None
        page = list(rows[: limit + 1])
        self.next = _encode([_value(page[limit - 1], f) for f in ordering]) if len(page) > limit else None
        return page[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        """The answer around one page."""
        return Response({"results": data, "next": self.next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What drf-spectacular writes down."""
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": {"type": "string", "nullable": True}},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The query parameters, for drf-spectacular."""
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "`next` of the page before",
                "schema": {"type": "string"},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": f"Rows a page, at most {self.max_limit}",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_limit,
                    "default": self.default_limit,
                },
            },
        ]

    def _limit(self, request: Request) -> int:
        text = request.query_params.get("limit", str(self.default_limit))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= self.max_limit:
            raise Invalid(f"limit must be a whole number from 1 to {self.max_limit}.", field="limit")
        return int(text)


def _value(row: Model | dict[str, Any], field: str) -> str:
    """A column's value of a row (a model or a dict of `.values()`) as the cursor holds it."""
    name = field.lstrip("-")
    if isinstance(row, dict):
        return str(row[name])
    found: Any = row
    for part in name.split("__"):
        found = getattr(found, part)
    return str(found)
