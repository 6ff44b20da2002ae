"""Labelled image packs as manifests for simulation: each loader takes the pack's folder and one for mask blobs.

A pack is a folder with ``manifest.csv`` (one row an image: file, split, label or mask …). Splits follow the protocol:
the published test set, or a fixed one where there is none; nothing of it is ever chosen or learned from.
"""

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ml.data.manifest import FrameRef, Item, Manifest, MaskRef
from ml.data.splits import Unit, assign_splits
from ml.data.task import MaskClass, Question, Task
from ml.imaging.masks import encode_rle, pack
from ml.imaging.reader import read_frame, read_frames

Row = dict[str, str]


def pneumonia(folder: Path, out: Path, *, prevalence: float | None = None) -> Manifest:
    """C1: chest radiographs of 28²; C2 with ``prevalence`` 0.05: normals thinned so that they are that share."""
    rows = [row for row in _rows(folder) if row["split"] in ("train", "test")]
    if prevalence is not None:
        normals = [row for row in rows if row["split"] == "train" and row["label"] == "normal"]
        others = sum(row["split"] == "train" for row in rows) - len(normals)
        keep = round(others * prevalence / (1 - prevalence))
        order = np.random.default_rng(0).permutation(len(normals))
        dropped = {normals[i]["file"] for i in order[keep:]}
        rows = [row for row in rows if row["file"] not in dropped]
    question = Question("finding", "single", ("normal", "pneumonia"))
    items = [_answered(folder, row, row["split"], {"finding": row["label"]}) for row in rows]
    return Manifest(Task(questions=(question,)), tuple(items))


def melanoma(folder: Path, out: Path) -> Manifest:
    """I1: dermoscopy of 256²; the published validation split is the test set."""
    question = Question("lesion", "single", ("not_melanoma", "melanoma"))
    splits = {"train": "train", "val": "test"}
    items = [_answered(folder, row, splits[row["split"]], {"lesion": row["label"]}) for row in _rows(folder)]
    return Manifest(Task(questions=(question,)), tuple(items))


def nuclei(folder: Path, out: Path) -> Manifest:
    """S2: microscopy with every nucleus drawn; a quarter is the test set, stratified by kind of image."""
    rows = _rows(folder)
    units = [Unit(row["case_id"], stratum=row["stain"]) for row in rows]
    splits = assign_splits(units, test=0.25, val=0.0, seed=0)
    items = []
    for row in rows:
        mask = read_frame(folder / row["mask"], kind="raster").pixels > 0
        frame = _frame(folder, row, row["case_id"])
        name = row["case_id"]
        items.append(
            Item(
                id=name,
                split=splits[name],
                frames=(frame,),
                cluster=row["stain"],
                slices=_stored({frame.key: mask.astype(np.uint8)}, out),
                attributes={"stain": row["stain"]},
            )
        )
    return Manifest(Task(classes=(MaskClass(1, "nucleus"),)), tuple(items))


def hippocampus(folder: Path, out: Path) -> Manifest:
    """S1: MR volumes as slices (one item each, so that a series is scored as a volume); the last 40 cases are the test."""
    rows = sorted(_rows(folder), key=lambda row: row["case_id"])
    items = []
    for number, row in enumerate(rows):
        case, split = row["case_id"], "test" if number >= len(rows) - 40 else "train"
        depth = int(row["shape"].split("x")[2])
        numbers = list(range(1, depth + 1))
        labels = read_frames(folder / row["mask"], numbers, kind="nifti")
        for position, label in zip(numbers, labels, strict=True):
            key = f"{case}-{position}"
            frame = FrameRef(key, str(folder / row["file"]), row["sha256"], position, "nifti")
            items.append(
                Item(
                    id=key,
                    split=split,
                    frames=(frame,),
                    patient=case,
                    series=case,
                    position=position,
                    slices=_stored({key: label.pixels.astype(np.uint8)}, out),
                )
            )
    classes = (MaskClass(1, "anterior"), MaskClass(2, "posterior"))
    return Manifest(Task(classes=classes), tuple(items))


Loader = Callable[[Path, Path], Manifest]

PACKS: dict[str, tuple[str, Loader]] = {
    "C1": ("cls2d-pneumoniamnist", pneumonia),
    "C2": ("cls2d-pneumoniamnist", lambda folder, out: pneumonia(folder, out, prevalence=0.05)),
    "I1": ("cls2d-isic2017", melanoma),
    "S1": ("seg3d-hippocampus", hippocampus),
    "S2": ("seg2d-nuclei-dsb2018", nuclei),
}


def load_pack(name: str, data: Path, out: Path) -> Manifest:
    """The manifest of a protocol task (C1, C2, I1, S1, S2) from the folder of all packs.

    Raises:
        ValueError: an unknown task, or a pack that is not there.
    """
    if name not in PACKS:
        raise ValueError(f"There is no task “{name}”; choose one of {', '.join(PACKS)}.")
    folder, loader = PACKS[name]
    if not (data / folder / "manifest.csv").exists():
        raise ValueError(f"The pack {folder} is not in the given data folder.")
    return loader(data / folder, out)


def subset(manifest: Manifest, *, train: int, test: int, seed: int = 0) -> Manifest:
    """A random part of a manifest, for quick runs: so many items of train and of test."""
    rng = np.random.default_rng(seed)
    chosen: set[str] = set()
    for split, count in (("train", train), ("test", test)):
        ids = [item.id for item in manifest.split(split)]
        chosen |= {ids[i] for i in rng.permutation(len(ids))[:count]}
    return Manifest(manifest.task, tuple(item for item in manifest.items if item.id in chosen), manifest.seed)


def _rows(folder: Path) -> list[Row]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _frame(folder: Path, row: Row, name: str) -> FrameRef:
    return FrameRef(f"{name}-1", str(folder / row["file"]), row["sha256"], 1, "raster")


def _answered(folder: Path, row: Row, split: str, answers: dict[str, str]) -> Item:
    name = row["image_id"]
    return Item(id=name, split=split, frames=(_frame(folder, row, name),), answers=answers)


def _stored(masks: dict[str, np.ndarray], out: Path) -> dict[str, MaskRef]:
    """Masks as blobs; frames with nothing in them are left out, as everywhere."""
    out.mkdir(parents=True, exist_ok=True)
    stored = {}
    for key, mask in masks.items():
        if mask.any():
            blob = pack(encode_rle(mask))
            digest = hashlib.sha256(blob).hexdigest()
            (out / digest).write_bytes(blob)
            stored[key] = MaskRef(str(out / digest), digest)
    return stored
