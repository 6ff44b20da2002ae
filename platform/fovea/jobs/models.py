"""Job rows: the truth about background work, whatever the broker loses or doubles (INTEROP 6)."""

import uuid

from django.conf import settings
from django.db import models

CHANNEL = "fovea_events"  # PostgreSQL's LISTEN/NOTIFY; a trigger of migration 0002 tells every change of a job there


class JobState(models.TextChoices):
    """queued → running → succeeded | failed | cancelled; an expired lease brings running back to queued."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Job(models.Model):
    """One piece of work with one effect."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    queue = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    scope = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=100, blank=True)

    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    progress = models.FloatField(default=0.0)
    stage = models.CharField(max_length=200, blank=True)
    result = models.JSONField(default=dict)
    error = models.JSONField(null=True)
    cancel_requested = models.BooleanField(default=False)

    # The lease: whoever holds the highest fencing number may write, until the lease runs out in database time.
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    lease_expires_at = models.DateTimeField(null=True)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # The outbox: a queued row whose message may be lost is sent again, at growing intervals.
    sent_at = models.DateTimeField(null=True)
    sends = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "dedupe_key"],
                condition=models.Q(state__in=["queued", "running"]) & ~models.Q(dedupe_key=""),
                name="one_live_job_per_dedupe_key",
            )
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"]),
            models.Index(fields=["scope", "-created_at", "-id"]),
            models.Index(
                fields=["state", "lease_expires_at"],
                condition=models.Q(state__in=["queued", "running"]),
                name="live_jobs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"


class JobLog(models.Model):
    """One line of a job's log."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log", db_index=False)
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=8, default="info")
    message = models.TextField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["job", "id"])]


class WorkerBeat(models.Model):
    """When each worker was last alive (database time), and which queues it serves, by comma; `/readyz` reads it."""

    name = models.CharField(max_length=200, primary_key=True)
    queues = models.CharField(max_length=200)
    at = models.DateTimeField()
