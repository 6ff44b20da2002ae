"""Uploads (resumable, per file) and imports (what became of each file)."""

import uuid

from django.conf import settings
from django.db import models

from .images import Blob, Dataset, Instance


class Upload(models.Model):
    """One file on its way in. Bytes are appended at `received`; when whole, it becomes a blob."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="uploads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=500)
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    blob = models.ForeignKey(Blob, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)


class Import(models.Model):
    """A batch of files brought into a dataset by one job, with or without labels for a project."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="imports")
    project = models.ForeignKey("datasets.Project", null=True, on_delete=models.SET_NULL, related_name="+")
    job_id = models.UUIDField(null=True, db_index=True)
    options = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)


class ImportFile(models.Model):
    """One file of an import and what became of it. `name` is the path as given, cleaned; `depth` counts the
    archives around it.
    """

    STATUSES = ("waiting", "stored", "duplicate", "conflict", "failed", "label", "unpacked", "ignored")

    batch = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=500)
    depth = models.PositiveSmallIntegerField(default=0)
    blob = models.ForeignKey(Blob, null=True, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=[(s, s) for s in STATUSES], default="waiting")
    reason = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    instance = models.ForeignKey(Instance, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "name"], name="one_row_per_file")]
        indexes = [models.Index(fields=["batch", "status", "id"])]
