"""Checkpoints that are whole or not there: written aside, then pointed to by one atomic rename."""

import json
from pathlib import Path
from typing import Any

import torch

from ml.models.weights import file_sha256

POINTER_FILE = "checkpoint.json"


def save_checkpoint(run_dir: Path, state: dict[str, Any], *, step: int) -> None:
    """Write ``state`` (tensors and plain values) as ``checkpoint-<step>.pt``, then rename the pointer with its hash.

    A kill at any moment leaves the pointer on a whole file, the new one or the one before.
    """
    target = run_dir / f"checkpoint-{step:07d}.pt"
    torch.save(state, target)
    part = run_dir / f".{POINTER_FILE}.part"
    part.write_text(json.dumps({"file": target.name, "sha256": file_sha256(target), "step": step}))
    part.rename(run_dir / POINTER_FILE)
    for old in run_dir.glob("checkpoint-*.pt"):
        if old != target:
            old.unlink(missing_ok=True)


def load_checkpoint(run_dir: Path) -> dict[str, Any] | None:
    """The last checkpoint, or None when there is none or its bytes are not the ones that were written."""
    pointer = run_dir / POINTER_FILE
    if not pointer.exists():
        return None
    stamp = json.loads(pointer.read_text())
    path = run_dir / Path(stamp["file"]).name
    if not path.exists() or file_sha256(path) != stamp["sha256"]:
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
