"""Who may do what to which address: declared here, and compared with the resolver and with what the site answers.

A rule is an action of `accounts.permissions`, asked about the object in the address (or in the body), or one of the words below.
"""

from __future__ import annotations

from dataclasses import dataclass

ANYONE = "anyone"  # nobody too
SIGNED_IN = "signed in"
SITE = "site"  # site admins
OWN = "own"  # whose it is, and site admins
# After an action:
SOMEWHERE = " somewhere"  # whose role has it in any project
ONES_OWN = " of one's own"  # it is needed, and the object is the person's, whoever else may do more
IN_PROJECT = " in its project"  # on a dataset's object that other projects on the dataset do not know of


@dataclass(frozen=True)
class Route:
    """An address: what its parts name (a key of `world.ARGUMENTS`), and the rule of each method; GET stands for HEAD too."""

    target: str
    rules: dict[str, str]


def route(target: str = "", **rules: str) -> Route:
    """A row of the table."""
    return Route(target, rules)


ROUTES: dict[str, Route] = {
    # accounts
    "session": route(GET=ANYONE, POST=ANYONE, DELETE=ANYONE),
    "session_password": route(POST=SIGNED_IN),
    "me": route(GET=SIGNED_IN, PATCH=SIGNED_IN),
    "tokens": route(GET=SIGNED_IN, POST=SIGNED_IN),
    "token": route("token", DELETE=OWN),
    "users": route(GET="project.members" + SOMEWHERE, POST=SITE),
    "user": route("user", PATCH=SITE),
    "user_link": route("user", POST=SITE),
    # jobs
    "jobs": route(GET=SIGNED_IN),
    "job": route("job", GET="job.view"),
    "job_log": route("job", GET="job.view"),
    "job_cancel": route("job", POST="job.control"),
    "job_retry": route("job", POST="job.control"),
    "events": route(GET=SIGNED_IN),
    # datasets
    "dataset-list": route(GET=SIGNED_IN, POST="dataset.import" + SOMEWHERE),
    "dataset-detail": route("dataset", GET="dataset.view", PATCH="dataset.edit", DELETE="dataset.delete"),
    "series-list": route("dataset", GET="dataset.view"),
    "upload-list": route("dataset", POST="dataset.import"),
    "upload-detail": route("upload", GET="dataset.import" + ONES_OWN, PATCH="dataset.import" + ONES_OWN),
    "import-list": route("dataset", GET="dataset.import", POST="dataset.import"),
    "import-detail": route("import", GET="dataset.import" + IN_PROJECT),
    "import-file-list": route("import", GET="dataset.import" + IN_PROJECT),
    "import-file-csv": route("import", GET="dataset.import" + IN_PROJECT),
    "series-detail": route("series", GET="dataset.view"),
    "series-frames": route("series", GET="dataset.view"),
    "series-thumbnail": route("series", GET="dataset.view"),
    "wado-metadata": route("wado", GET="dataset.view"),
    "wado-frame": route("frame", GET="dataset.view"),
    "project-list": route(GET=SIGNED_IN, POST="dataset.import"),
    "project-detail": route("project", GET="project.view", PATCH="project.edit"),
    "member-list": route("project", GET="project.view", POST="project.members"),
    "member-detail": route("member", DELETE="project.members"),
    # annotations
    "schema": route("project", GET="project.view", PUT="project.edit"),
    "items": route("project", GET="project.view"),
    "annotation": route("item", GET="annotation.view", POST="annotation.make"),
    "submit": route("item", POST="annotation.make"),
    "versions": route("item", GET="annotation.view"),
    "skip": route("item", POST="annotation.make"),
    "flag": route("item", POST="annotation.make"),
    "reopen": route("item", POST="annotation.review"),
    # learning
    "queue": route("project", GET="queue.view"),
    "queue-next": route("project", POST="annotation.make"),
    "lease": route("item", POST="annotation.make", DELETE="annotation.make"),
    "workspace": route("item", GET="annotation.view"),
    "runs": route("project", GET="run.view", POST="run.start"),
    "run": route("run", GET="run.view"),
    "run-cancel": route("run", POST="run.cancel"),
    "models": route("project", GET="run.view"),
    "model-roll-back": route("project", POST="model.promote"),
    "models-compare": route("compared", GET="run.view"),
    "model": route("model", GET="run.view"),
    "model-promote": route("model", POST="model.promote"),
    "curve": route("project", GET="run.view"),
    "learning": route("project", GET="project.view", PATCH="project.edit"),
    "rank": route("project", POST="queue.rank"),
    "summary": route("project", GET="project.view"),
    "strategies": route(GET=SIGNED_IN),
    "architectures": route(GET=SIGNED_IN),
}

# Keys, passwords and people are changed by people: a token that leaked makes no other.
NEVER_BY_TOKEN = {
    ("session", "DELETE"),
    ("session_password", "POST"),
    ("tokens", "POST"),
    ("users", "POST"),
    ("user", "PATCH"),
    ("user_link", "POST"),
}
