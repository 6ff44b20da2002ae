"""A project puts a task on a dataset; a membership gives a person a role in it (docs/decisions/0001)."""

from django.conf import settings
from django.db import models

from fovea.accounts.access import Scope
from fovea.accounts.permissions import ROLE_TITLES

from .images import Dataset


class Unit(models.TextChoices):
    """What one item of the project's queue is."""

    IMAGE = "image", "Image"
    SERIES = "series", "Series"


class Project(models.Model):
    """A task on a dataset, with its people."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="projects")
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    unit = models.CharField(max_length=10, choices=Unit.choices, default=Unit.IMAGE)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="projects")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> Scope:
        """What permissions on this project are asked about."""
        return Scope("project", self.pk)


class Membership(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(
        max_length=20, choices=[(role.value, title) for role, title in ROLE_TITLES.items()]
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role_per_person")]
