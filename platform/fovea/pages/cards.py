"""What the first screen and the project's head show of a project, in one reading."""

from __future__ import annotations

from dataclasses import dataclass

from fovea.accounts.access import may
from fovea.accounts.models import User
from fovea.datasets.models import Project
from fovea.datasets.selectors.projects import role_in
from fovea.jobs.models import Job
from fovea.learning.models import ModelState, Run, TrainedModel
from fovea.learning.selectors.queue import Counts, queue_counts


@dataclass(frozen=True)
class ProjectCard:
    """A project as a person sees it: their role, what waits, what serves, what runs."""

    project: Project
    role: str
    counts: Counts
    model: TrainedModel | None
    job: Job | None
    can_read: bool
    can_train: bool

    @property
    def part_done(self) -> float:
        """Share of items that are done, 0 to 1."""
        return self.counts["done"] / self.counts["total"] if self.counts["total"] else 0.0


def project_card(project: Project, actor: User) -> ProjectCard:
    """Read the card of a project that the actor may see."""
    model = TrainedModel.objects.filter(project=project, state=ModelState.PRODUCTION).first()
    run = Run.objects.filter(project=project, state__in=("queued", "running")).first()
    return ProjectCard(
        project=project,
        role=role_in(actor=actor, project=project).replace("_", " "),
        counts=queue_counts(project.pk),
        model=model,
        job=Job.objects.filter(pk=run.job_id).first() if run and run.job_id else None,
        can_read=may(actor, "annotation.make", project.scope),
        can_train=may(actor, "run.start", project.scope),
    )
