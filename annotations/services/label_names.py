"""Which image a label file means: names in label files are matched with the names that images were imported under."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from fovea.datasets.models import Import, ImportFile
from fovea.datasets.services.names import stem


class NameIndex:
    """Finds a file by full path, by the end of its path, by its name, or by its stem, in that order; never guesses between two."""

    def __init__(self, names: Iterable[tuple[str, int]]) -> None:
        self._full: dict[str, int] = {}
        self._loose: dict[str, set[int]] = defaultdict(set)
        for name, target in names:
            parts = PurePosixPath(name.replace("\\", "/")).parts
            self._full["/".join(parts).lower()] = target
            for depth in range(1, min(len(parts), 4) + 1):
                self._loose["/".join(parts[-depth:]).lower()].add(target)
            self._loose[stem(name).lower()].add(target)

    def find(self, name: str) -> int | None:
        """The file's target, or None when no file or more than one fits."""
        path = "/".join(part for part in PurePosixPath(name.replace("\\", "/")).parts if part != ".").lower()
        if path in self._full:
            return self._full[path]
        for key in (path, path.rsplit("/", 1)[-1], stem(path).lower()):
            found = self._loose.get(key, set())
            if len(found) == 1:
                return next(iter(found))
        return None


def image_index(batch: Import) -> NameIndex:
    """Names of the images of an import; of the whole dataset when the import brought labels alone."""
    images = ImportFile.objects.filter(batch=batch, instance__isnull=False)
    if not images.exists():
        images = ImportFile.objects.filter(batch__dataset_id=batch.dataset_id, instance__isnull=False)
    return NameIndex(images.values_list("name", "instance_id").iterator(chunk_size=5_000))
