"""The Celery application. Jobs are rows; a message carries only a row's id (see fovea.jobs)."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fovea.settings")

# kombu's own stops reading after a failed acknowledgement
TRANSPORT_ALIASES["pgmq"] = "fovea.embedded.transport:Transport"
app = Celery("fovea")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
