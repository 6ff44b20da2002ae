"""The one permission table: which role may do what. Code, docs and tests all read it from here.

A role is held in a project (datasets.Membership). Site admins may do everything everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is in a project."""

    ADMIN = "admin"
    DATA_SCIENTIST = "data_scientist"
    REVIEWER = "reviewer"
    RADIOLOGIST = "radiologist"
    VIEWER = "viewer"


ROLE_TITLES: dict[Role, str] = {
    Role.ADMIN: "Admin",
    Role.DATA_SCIENTIST: "Data scientist",
    Role.REVIEWER: "Reviewer",
    Role.RADIOLOGIST: "Radiologist",
    Role.VIEWER: "Viewer",
}


@dataclass(frozen=True)
class Action:
    """Something a person may or may not do."""

    name: str
    description: str
    roles: frozenset[Role]


_EVERY = frozenset(Role)
_SCIENCE = frozenset({Role.ADMIN, Role.DATA_SCIENTIST})
_READERS = frozenset({Role.ADMIN, Role.REVIEWER, Role.RADIOLOGIST})
_ADMIN = frozenset({Role.ADMIN})

_TABLE = [
    Action(
        "site.admin",
        "Make people, datasets and one-time links; only site admins, whom no role equals",
        frozenset(),
    ),
    Action("dataset.view", "See a dataset's images and facts", _EVERY),
    Action("dataset.import", "Upload and import images and labels", _SCIENCE),
    Action("dataset.edit", "Rename a dataset", _ADMIN),
    Action("dataset.delete", "Delete a dataset or parts of it", _ADMIN),
    Action("project.view", "See a project, its items and progress", _EVERY),
    Action("project.edit", "Change a project's name, task and settings", _SCIENCE),
    Action("project.members", "Give and take roles", _ADMIN),
    Action("annotation.view", "See labels", _EVERY),
    Action("annotation.make", "Take items from the queue, label, submit, skip, flag", _READERS),
    Action(
        "annotation.review", "Return or approve what others submitted", frozenset({Role.ADMIN, Role.REVIEWER})
    ),
    Action("queue.view", "See the ranked queue", _EVERY),
    Action("queue.rank", "Score and rank the pool again", _SCIENCE),
    Action("run.view", "See training runs and models", _EVERY),
    Action("run.start", "Retrain", _SCIENCE),
    Action("run.cancel", "Cancel a training run", _SCIENCE),
    Action("model.promote", "Promote a model or roll back", _SCIENCE),
    Action("export.make", "Export labels", frozenset({Role.ADMIN, Role.DATA_SCIENTIST, Role.REVIEWER})),
    Action("job.view", "See a project's jobs and their logs", _EVERY),
    Action("job.control", "Cancel and retry jobs", _SCIENCE),
]

ACTIONS: dict[str, Action] = {action.name: action for action in _TABLE}


def allows(roles: frozenset[Role] | set[Role], action: str) -> bool:
    """Whether any of the roles may do the action. KeyError on an action that the table does not hold."""
    return bool(ACTIONS[action].roles & roles)
