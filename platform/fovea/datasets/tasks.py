"""The import job."""

from __future__ import annotations

from typing import Any

from fovea.datasets.models import Import
from fovea.datasets.services.imports import import_run
from fovea.datasets.services.ingest.run import Hooks
from fovea.jobs.registry import job_kind
from fovea.jobs.run import JobRun


@job_kind("import", queue="ingest")
def import_job(run: JobRun) -> dict[str, Any]:
    """Read an import's files into its dataset; goes on from the last committed step when it was cut off."""
    batch = Import.objects.select_related("dataset").get(pk=run.payload["import"])
    hooks = Hooks(progress=run.progress, log=run.log, check=run.check, guard=run.guard)
    return {"import": batch.pk, "files": import_run(batch, hooks)}
