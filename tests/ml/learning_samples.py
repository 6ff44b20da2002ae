"""Small synthetic data for learning: DICOM files of noise with a bright disc or none, and their manifests."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from ml.imaging.masks import encode_rle, pack

CLASSIFICATION = {
    "questions": [
        {"key": "finding", "type": "single", "options": [{"value": "no"}, {"value": "nodule"}]},
    ]
}
SEGMENTATION = {"classes": [{"index": 3, "name": "disc"}]}


def disc(
    rng: np.random.Generator, rows: int, columns: int, *, present: bool
) -> tuple[np.ndarray, np.ndarray]:
    """A noisy image uint16 [rows, columns] and the mask (value 3) of its disc."""
    image = rng.normal(500, 40, (rows, columns))
    mask = np.zeros((rows, columns), np.uint8)
    if present:
        radius = rng.uniform(0.15, 0.22) * min(rows, columns)
        y, x = rng.uniform(radius, rows - radius), rng.uniform(radius, columns - radius)
        yy, xx = np.mgrid[:rows, :columns]
        inside = (yy - y) ** 2 + (xx - x) ** 2 < radius**2
        image[inside] += 250
        mask[inside] = 3
    return image.clip(0, 4095).astype(np.uint16), mask


def write_dicom(path: Path, pixels: np.ndarray, *, ct: bool = False) -> dict[str, Any]:
    """Write uint16 pixels as a secondary capture (``ct``: HU + 1024); returns the manifest's frame without its key."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = (
        SecondaryCaptureImageStorage,
        meta.MediaStorageSOPInstanceUID,
    )
    dataset.Modality, dataset.PhotometricInterpretation = "OT", "MONOCHROME2"
    if ct:
        dataset.Modality, dataset.RescaleSlope, dataset.RescaleIntercept = "CT", "1", "-1024"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelData = pixels.astype("<u2").tobytes()
    dataset.save_as(path, enforce_file_format=True)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"path": str(path), "sha256": digest, "frame": 1, "kind": "dicom"}


def write_mask(folder: Path, mask: np.ndarray) -> dict[str, str]:
    """Store a label map as a blob; returns the manifest's mask reference."""
    blob = pack(encode_rle(mask))
    digest = hashlib.sha256(blob).hexdigest()
    (folder / digest).write_bytes(blob)
    return {"path": str(folder / digest), "sha256": digest}


def make_manifest(
    folder: Path,
    *,
    task: dict[str, Any],
    splits: dict[str, int],
    shape: tuple[int, int] = (40, 32),
    seed: int = 0,
) -> Path:
    """A manifest of discs: per split so many items, one frame and one patient each; the pool has no labels."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for split, count in splits.items():
        for number in range(count):
            present = number % 2 == 1 or "classes" in task
            pixels, mask = disc(rng, *shape, present=present)
            name = f"{split}{number}"
            frame = write_dicom(folder / f"{name}.dcm", pixels) | {"key": f"{name}-1"}
            item: dict[str, Any] = {"id": name, "patient": f"p-{name}", "split": split, "frames": [frame]}
            if split != "pool" and "questions" in task:
                item["answers"] = {"finding": "nodule" if present else "no"}
            if split != "pool" and "classes" in task:
                item["slices"] = {f"{name}-1": write_mask(folder, mask)}
            items.append(item)
    path = folder / "manifest.json"
    content = {"format": "fovea-manifest-1", "task": task, "seed": 0, "items": items}
    path.write_text(json.dumps(content))
    return path
