"""How a project learns: settings, training runs, and the models they made."""

from django.conf import settings
from django.db import models

from fovea.datasets.models import Project


class LearningSettings(models.Model):
    """A project's choices.

    `auto_every` = retrain after that many new labels (0 = never); `every_hours` likewise by time.
    """

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="learning"
    )
    architecture = models.CharField(max_length=40, blank=True, help_text="Empty = chosen by the task")
    strategy = models.CharField(max_length=30, default="clasp")
    auto_every = models.PositiveIntegerField(default=0)
    every_hours = models.PositiveIntegerField(default=0)
    random_share = models.FloatField(default=0.1)
    test_share = models.FloatField(default=0.2)
    auto_promote = models.BooleanField(default=True)
    options = models.JSONField(default=dict, blank=True)


class Run(models.Model):
    """One training run: its job, its manifest, its folder below RUN_ROOT."""

    STATES = ("queued", "running", "succeeded", "failed", "cancelled")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()
    job_id = models.UUIDField(null=True, db_index=True)
    state = models.CharField(max_length=10, choices=[(s, s) for s in STATES], default="queued")
    config = models.JSONField(default=dict)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    labelled = models.PositiveIntegerField(default=0)
    trigger = models.CharField(max_length=20, default="button")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    error = models.JSONField(null=True, help_text="Why it failed: {code, message}")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_run_per_number"),
            models.UniqueConstraint(
                fields=["project"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_live_run_per_project",
            ),
        ]
        ordering = ["-number"]


class RunPoint(models.Model):
    """A point of a run's live curves."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="points")
    step = models.PositiveIntegerField()
    values = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="one_point_per_step")]
        ordering = ["step"]


class ModelState(models.TextChoices):
    """candidate → production → retired; a rolled-back model returns to candidate."""

    CANDIDATE = "candidate", "Candidate"
    PRODUCTION = "production", "Production"
    RETIRED = "retired", "Retired"


class TrainedModel(models.Model):
    """A trained model.

    `folder` is its run's folder below RUN_ROOT (weights.safetensors, config, metrics, model card).
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="models")
    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="model")
    number = models.PositiveIntegerField()
    architecture = models.CharField(max_length=40)
    folder = models.CharField(max_length=200)
    weights_sha256 = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict)
    headline = models.CharField(max_length=30, help_text="Name of the metric that decides")
    headline_value = models.FloatField(null=True)
    labelled = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=ModelState.choices, default=ModelState.CANDIDATE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_model_per_number"),
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(state="production"), name="one_production_model"
            ),
        ]
        ordering = ["-number"]


class ModelEvent(models.Model):
    """Promotions and roll-backs, so that the history of what served stays readable."""

    model = models.ForeignKey(TrainedModel, on_delete=models.CASCADE, related_name="events")
    action = models.CharField(max_length=20)
    reason = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)
