"""The Celery application. Jobs are rows; a message carries only a row's id (see fovea.jobs)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fovea.settings")

app = Celery("fovea")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
