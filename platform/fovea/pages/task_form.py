"""A label schema from the plain fields of the "new project" form: one name a line."""

from __future__ import annotations

import re

from django.http import QueryDict

from annotations.spec import Spec
from fovea.core.errors import Invalid


def spec_of_form(post: QueryDict) -> Spec:
    """Questions (`Text? | answer, answer`), classes and boxes, each a line. Raises Invalid when nothing is asked."""
    spec: Spec = {
        "questions": [_question(line, i) for i, line in enumerate(_lines(post, "questions"))],
        "classes": [{"name": name} for name in _lines(post, "classes")],
        "boxes": [{"name": name} for name in _lines(post, "boxes")],
    }
    if not any(spec.values()):
        raise Invalid(
            "Say what is to be labelled: a question with its answers, classes to paint, or boxes to draw."
        )
    return spec


def _lines(post: QueryDict, field: str) -> list[str]:
    return [line.strip() for line in post.get(field, "").splitlines() if line.strip()]


def _question(line: str, position: int) -> Spec:
    text, bar, answers = line.partition("|")
    options = [answer.strip() for answer in answers.split(",") if answer.strip()]
    if not bar or len(options) < 2:
        raise Invalid(f"Write the question “{text.strip()}” as: question | answer, answer, …")
    key = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40] or f"question_{position + 1}"
    return {"key": key, "text": text.strip(), "options": options}
