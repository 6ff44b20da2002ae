"""The task a manifest puts on its images: questions, mask classes and box classes (the label schema)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

QUESTION_TYPES = ("single", "multiple", "ordinal")


@dataclass(frozen=True)
class Question:
    """One question with its option values in order; ``ordinal`` options are listed from lowest to highest."""

    key: str
    type: str
    options: tuple[str, ...]
    text: str = ""
    required: bool = False


@dataclass(frozen=True)
class MaskClass:
    """A segmentation class; ``index`` is its value in label maps (1–254; 0 background, 255 ignore)."""

    index: int
    name: str
    color: str = "#43c59e"


@dataclass(frozen=True)
class BoxClass:
    """A detection class."""

    name: str
    color: str = "#ff7a59"


@dataclass(frozen=True)
class Task:
    """Everything one image can be labelled with; any combination of the three kinds."""

    questions: tuple[Question, ...] = ()
    classes: tuple[MaskClass, ...] = ()
    boxes: tuple[BoxClass, ...] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of learning asked for: classification, segmentation, detection."""
        named = {"classification": self.questions, "segmentation": self.classes, "detection": self.boxes}
        return frozenset(kind for kind, parts in named.items() if parts)

    def question(self, key: str) -> Question:
        """The question called ``key``; KeyError when the task has none."""
        for question in self.questions:
            if question.key == key:
                return question
        raise KeyError(key)

    def to_json(self) -> dict[str, Any]:
        """The label schema's spec as JSON."""
        return {
            "questions": [
                {
                    "key": q.key,
                    "text": q.text,
                    "type": q.type,
                    "required": q.required,
                    "options": [{"value": value} for value in q.options],
                }
                for q in self.questions
            ],
            "classes": [{"index": c.index, "name": c.name, "color": c.color} for c in self.classes],
            "boxes": [{"name": b.name, "color": b.color} for b in self.boxes],
        }


def task_from_json(spec: Mapping[str, Any]) -> Task:
    """Read a label schema's spec.

    Raises:
        ValueError: an unknown question type, fewer than two options for a single or ordinal question, or a
            class index outside 1–254 or used twice.
    """
    task = Task(
        questions=tuple(_question(raw) for raw in spec.get("questions", ())),
        classes=tuple(
            MaskClass(int(raw["index"]), str(raw["name"]), str(raw.get("color", MaskClass.color)))
            for raw in spec.get("classes", ())
        ),
        boxes=tuple(
            BoxClass(str(raw["name"]), str(raw.get("color", BoxClass.color))) for raw in spec.get("boxes", ())
        ),
    )
    _check_indices(task)
    return task


def _question(raw: Mapping[str, Any]) -> Question:
    kind = str(raw["type"])
    if kind not in QUESTION_TYPES:
        known = ", ".join(QUESTION_TYPES)
        raise ValueError(f"Question “{raw['key']}” has the type “{kind}”; use one of {known}.")
    options = tuple(str(option["value"]) for option in raw.get("options", ()))
    if len(options) < (1 if kind == "multiple" else 2):
        raise ValueError(
            f"Question “{raw['key']}” needs more options: a {kind} question with {len(options)}."
        )
    return Question(
        key=str(raw["key"]),
        type=kind,
        options=options,
        text=str(raw.get("text", "")),
        required=bool(raw.get("required", False)),
    )


def _check_indices(task: Task) -> None:
    indices = [c.index for c in task.classes]
    if len(set(indices)) != len(indices) or any(not 1 <= index <= 254 for index in indices):
        raise ValueError(f"Mask classes need different indices from 1 to 254, not {indices}.")
