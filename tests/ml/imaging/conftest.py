import csv
import os
from pathlib import Path

import pytest


def packs() -> Path:
    default = Path(__file__).parents[3] / ".." / "shared" / "data"
    return Path(os.environ.get("FOVEA_TEST_DATA", default)).resolve()


def dicom_rows() -> list[dict[str, str]]:
    """The manifest of dicom-mixed; empty where the packs are not at hand (those tests are then skipped)."""
    path = packs() / "dicom-mixed" / "manifest.csv"
    if not path.is_file():
        return []
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def data() -> Path:
    if not packs().is_dir():
        pytest.skip("no test data: set FOVEA_TEST_DATA")
    return packs()


@pytest.fixture(scope="session")
def dicom_mixed(data) -> Path:
    return data / "dicom-mixed"


@pytest.fixture(scope="session")
def manifest(dicom_mixed) -> list[dict[str, str]]:
    return dicom_rows()
