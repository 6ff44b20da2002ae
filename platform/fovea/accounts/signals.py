"""What happened to people and their keys. `audit.receivers` writes it down; accounts, the lower layer, does not know audit.

Sent inside the transaction of what it tells about, with `actor` (User or None), `action`, `target` (str) and `details`
(ids and flags, no secrets).
"""

from django.dispatch import Signal

account_event = Signal()
