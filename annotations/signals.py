"""What others may want to know. `learning.receivers` listens; annotations does not know that a queue exists."""

from django.dispatch import Signal

# Sent on commit, each with item_id and project_id.
item_created = Signal()  # item_ids: list[int], project_id
item_submitted = Signal()
item_skipped = Signal()
item_reopened = Signal()
