"""Telling the workers that a job waits. A message carries only the job's id; a lost or doubled one does no harm."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import current_app

logger = logging.getLogger(__name__)
TASK = "jobs.run"


def send(job_id: UUID, queue: str) -> bool:
    """Put the id into the queue. False when the broker does not take it: the sweeper will send it again."""
    try:
        current_app.send_task(TASK, args=[str(job_id)], queue=queue, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001 - whatever a broker's client raises: the row is the truth
        logger.warning("job %s: the broker did not take the message (%s)", job_id, type(error).__name__)
        return False
    return True
