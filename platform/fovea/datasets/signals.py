"""What datasets tells the parts above it. `annotations.receivers` listens; this app does not know that labels
exist.
"""

from django.dispatch import Signal

series_stored = Signal()
"""Series were stored or grew: `dataset_id: int`, `series_ids: list[int]`. Sent on commit, geometry and
thumbnail included.
"""

import_stored = Signal()
"""Every file of an import is read: `batch_id: int`, `report: Callable[[str], None]` (a line for the import's
log).

Sent while the import is still running, so that files with status `label` can be read; a receiver marks those
it cannot read with `services.imports.file_mark`.
"""
