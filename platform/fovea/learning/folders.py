"""Where learning keeps its files: one folder per run below RUN_ROOT, one tensor cache for all."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from fovea.core.errors import NotFound
from fovea.learning.models import Run

TRAINING_SET = "training-set.json"
CASES = "cases.json"
PREDICTIONS = "predictions"
SCORES = "scores"  # a sub-folder with scores.npz per chunk of what waits
LABELLED = "scores-labelled"  # the same for what the model was trained on


def folder_name(run: Run) -> str:
    """A run's folder relative to RUN_ROOT, as models store it; the job's id keeps it apart from another database's runs."""
    return f"project-{run.project_id}/run-{run.number}-{str(run.job_id)[:8]}"


def folder_path(name: str) -> Path:
    """The folder of that relative name. Raises NotFound for a name that leaves RUN_ROOT."""
    root = Path(settings.RUN_ROOT).resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise NotFound("That is not the name of a run's folder.")
    return path


def tensor_cache() -> Path:
    """Decoded and preprocessed frames, shared by all runs; named by content, so that sharing is safe."""
    return Path(settings.CACHE_ROOT) / "tensors"


def weights_file(name: str) -> str:
    """What the engine takes for a run's `weights`: “none”, “hub”, or a file that an admin put into the weights folder."""
    if name in ("", "none", "hub"):
        return name or "none"
    return str(Path(settings.FOVEA_HOME) / "weights" / Path(name).name)
