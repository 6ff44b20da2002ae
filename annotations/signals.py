"""What others may want to know. `learning.receivers` listens; annotations does not know that a queue exists.

Each is sent on commit with `item_ids: list[int]` and `project_id: int`.
"""

from django.dispatch import Signal

item_created = Signal()
item_submitted = Signal()
item_skipped = Signal()
item_reopened = Signal()
