"""The audit table. Nothing but `audit.services` touches it; a trigger refuses updates and deletes."""

from django.conf import settings
from django.db import models


class Event(models.Model):
    """One thing that somebody did. Holds ids and numbers, never patient data."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    scope = models.CharField(max_length=60, blank=True)
    target = models.CharField(max_length=100, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["scope", "-id"]), models.Index(fields=["target", "-id"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.target}"
