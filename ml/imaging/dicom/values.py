"""Tolerant access to a data set's values: what is missing or malformed is None or empty, never an
exception.
"""

from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue


def raw(dataset: Dataset, keyword: str) -> Any:
    """The element's value as pydicom converts it, None when absent, empty or not convertible."""
    try:
        value = dataset.get(keyword)
    except Exception:  # noqa: BLE001 - a broken value can raise nearly anything; it is then no value
        return None
    return None if value is None or (isinstance(value, str | bytes) and not value) else value


def text(dataset: Dataset, keyword: str) -> str:
    """The value (the first of several) as stripped text."""
    value = raw(dataset, keyword)
    if isinstance(value, MultiValue | list):
        value = value[0] if value else ""
    return "" if value is None else str(value).strip(" \0")


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """All values as stripped text."""
    value = raw(dataset, keyword)
    if isinstance(value, MultiValue | list):
        return tuple(str(part).strip(" \0") for part in value)
    return () if value is None else (str(value).strip(" \0"),)


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> tuple[float, ...]:
    """All values as finite numbers; empty when one is not a number or there are not `count` of them."""
    value = raw(dataset, keyword)
    parts = value if isinstance(value, MultiValue | list | tuple) else [] if value is None else [value]
    try:
        found = tuple(float(part) for part in parts)
    except (TypeError, ValueError, OverflowError):
        return ()
    finite = all(abs(part) < float("inf") for part in found)
    return found if finite and count in (None, len(found)) else ()


def number(dataset: Dataset, keyword: str) -> float | None:
    """The value (the first of several) as a finite number."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """The value (the first of several) as a whole number."""
    found = number(dataset, keyword)
    return None if found is None else int(found)


def items(dataset: Dataset | None, keyword: str) -> list[Dataset]:
    """The items of a sequence, empty when there is none."""
    value = None if dataset is None else raw(dataset, keyword)
    try:
        return [item for item in value or [] if isinstance(item, Dataset)]
    except (TypeError, AttributeError):
        return []


def first_item(dataset: Dataset | None, keyword: str) -> Dataset | None:
    """The first item of a sequence, None when there is none."""
    found = items(dataset, keyword)
    return found[0] if found else None
