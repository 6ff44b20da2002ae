"""The cases that the stand-in server shows: real DICOM files, what is asked of them, and a made-up proposal for each."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

SCHEMA = {
    "version": 1,
    "classes": [
        {"index": 1, "name": "organ", "color": "#43c59e"},
        {"index": 2, "name": "lesion", "color": "#ff7a59"},
    ],
    "boxes": [{"name": "finding", "color": "#ffd166"}, {"name": "artefact", "color": "#6ec6ff"}],
    "questions": [
        {
            "key": "finding",
            "text": "Most likely diagnosis",
            "type": "single",
            "required": True,
            "options": [
                {"value": "cyst", "label": "Cyst"},
                {"value": "glioma", "label": "Glioma"},
                {"value": "metastasis", "label": "Metastasis"},
            ],
        },
        {
            "key": "signs",
            "text": "Signs",
            "type": "multiple",
            "required": False,
            "options": [
                {"value": "oedema", "label": "Oedema"},
                {"value": "shift", "label": "Midline shift"},
                {"value": "bleeding", "label": "Bleeding"},
            ],
        },
        {
            "key": "quality",
            "text": "Image quality",
            "type": "ordinal",
            "required": False,
            "options": [{"value": str(n), "label": str(n)} for n in range(1, 6)],
        },
    ],
}


@dataclass
class Case:
    """One case: its files in order, and what was annotated."""

    id: str
    title: str
    files: list[Path]
    versions: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    prediction: dict[str, Any] | None = None
    closed: str = ""
    holder: str = ""
    datasets: list[pydicom.Dataset] = field(default_factory=list)

    def read(self) -> list[pydicom.Dataset]:
        """The parsed files, sorted along the slice normal where they have positions."""
        if not self.datasets:
            read = [pydicom.dcmread(file) for file in self.files]
            self.datasets = sorted(read, key=lambda ds: float(ds.get("ImagePositionPatient", [0, 0, 0])[2]))
        return self.datasets

    def reset(self) -> Case:
        """As at the beginning: nothing annotated, open, free."""
        self.versions, self.answers, self.closed, self.holder = [], {}, "", ""
        return self

    def frames(self) -> list[dict[str, Any]]:
        """Frame rows of the workspace document; keys number the instances from 1."""
        rows = []
        for number, ds in enumerate(self.read(), start=1):
            base = f"/dicomweb/demo/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
            for frame in range(1, int(ds.get("NumberOfFrames", 1)) + 1):
                url = f"{base}/instances/{ds.SOPInstanceUID}/frames/{frame}"
                rows.append(
                    {"key": f"{number}-{frame}", "image_id": url, "rows": ds.Rows, "columns": ds.Columns}
                )
        return rows


def encode_rle(mask: np.ndarray) -> str:
    """Base64 of fovea-rle-1, written out plainly so that the browser is not checked against itself."""
    flat, out, start = mask.ravel(), bytearray(), 0
    edges = [*np.flatnonzero(np.diff(flat)).tolist(), flat.size - 1]
    for edge in edges:
        run, value = edge + 1 - start, int(flat[edge])
        out.append(value)
        while run > 127:
            out.append((run & 127) | 128)
            run >>= 7
        out.append(run)
        start = edge + 1
    return base64.b64encode(bytes(out)).decode()


def proposal(case: Case) -> dict[str, Any]:
    """A proposal with two discs on the middle frames, a box and an answer."""
    frames = case.frames()
    slices = {}
    for frame in frames[len(frames) // 2 - 1 : len(frames) // 2 + 2] or frames:
        y, x = np.mgrid[: frame["rows"], : frame["columns"]]
        size, mask = (
            min(frame["rows"], frame["columns"]),
            np.zeros((frame["rows"], frame["columns"]), np.uint8),
        )
        mask[np.hypot(x - 0.42 * frame["columns"], y - 0.45 * frame["rows"]) < size * 0.18] = 1
        mask[np.hypot(x - 0.62 * frame["columns"], y - 0.5 * frame["rows"]) < size * 0.07] = 2
        slices[frame["key"]] = encode_rle(mask)
    middle = frames[len(frames) // 2]
    box = {"x": 0.5 * middle["columns"], "y": 0.6 * middle["rows"], "w": 40.0, "h": 30.0, "score": 0.83}
    return {
        "id": 9,
        "model": {"id": 3, "number": 12, "name": "U-Net 12"},
        "confidence": {
            "overall": 0.82,
            "classes": {"organ": 0.94, "lesion": 0.71},
            "answers": {"finding": {"glioma": 0.71, "metastasis": 0.2, "cyst": 0.09}},
        },
        "content": {
            "answers": {"finding": "glioma"},
            "boxes": [{"id": "p1", "class": "finding", "frame": middle["key"], **box}],
            "polygons": [],
            "slices": slices,
        },
    }


def default_cases(data: Path) -> list[Case]:
    """Four series of one brain MR study; a CT slice, a MONOCHROME1 radiograph, colour ultrasound, multi-frame MR."""
    mixed = data / "dicom-mixed"
    study = mixed / "studies" / "PGBM-003"
    series = sorted(folder for folder in study.iterdir() if folder.is_dir() and "HCrop" not in folder.name)
    cases = [
        Case(f"10{number}", folder.name, sorted(folder.glob("*.dcm")))
        for number, folder in enumerate(series, start=1)
    ]
    singles = {
        "ct": "693_J2KR.dcm",
        "cr": "RG3_J2KR.dcm",
        "us": "US1_UNCI.dcm",
        "multi": "emri_small_jpeg_ls_lossless.dcm",
    }
    cases += [Case(item, item.upper(), [mixed / "files" / name]) for item, name in singles.items()]
    for case in cases:
        case.prediction = proposal(case)
    return cases
