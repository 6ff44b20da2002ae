"""Whether there are enough labels to train on, and if not, how many of what are missing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from annotations.selectors import submitted_versions
from fovea.core.errors import Conflict
from fovea.datasets.models import Project

PER_OPTION = 3  # of at least two options: one each to learn from, to validate and to test on
WITH_MASK = 3
LABELLED = 6


class TooFewLabels(Conflict):
    """Training would have nothing to learn from; `details.missing` says how many of what to label."""

    code = "too_few_labels"


def require_labels(project: Project, spec: dict[str, Any]) -> int:
    """The number of labelled items, when some part of the task can be trained on them. Raises TooFewLabels."""
    contents = list(submitted_versions(project.pk).values_list("content", flat=True))
    parts = [_question_lacks(question, contents) for question in spec["questions"]]
    if spec["classes"]:
        masks = sum(bool(content.get("slices")) for content in contents)
        parts.append({"segmented": WITH_MASK - masks} if masks < WITH_MASK else {})
    if spec["boxes"]:
        boxed = sum(bool(content.get("boxes")) for content in contents)
        parts.append({"boxed": WITH_MASK - boxed} if boxed < WITH_MASK else {})
    lacks = min(parts, key=lambda part: sum(part.values()), default={})
    if not lacks and len(contents) < LABELLED:
        lacks = {"labelled": LABELLED - len(contents)}
    if lacks:
        wanted = ", ".join(f"{count} more of “{name}”" for name, count in lacks.items())
        raise TooFewLabels(
            f"Too few labels to train: label at least {wanted}, then train.",
            missing=lacks,
            labelled=len(contents),
        )
    return len(contents)


def _question_lacks(question: dict[str, Any], contents: list[dict[str, Any]]) -> dict[str, int]:
    """How many answers of which options are missing until two options have PER_OPTION each."""
    counts: Counter[str] = Counter()
    for content in contents:
        answer = (content.get("answers") or {}).get(question["key"])
        values = answer if isinstance(answer, list) else [answer]
        counts.update(value for value in values if value is not None)
        if question["type"] == "multiple" and not answer:
            counts["none of them"] += 1
    options = [option["value"] for option in question["options"]]
    if question["type"] == "multiple":
        options.append("none of them")
    best = sorted(options, key=lambda option: -counts[option])[:2]
    return {option: PER_OPTION - counts[option] for option in best if counts[option] < PER_OPTION}
