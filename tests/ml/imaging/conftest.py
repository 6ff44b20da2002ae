import csv
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no_clock", deadline=None)  # a busy machine is no failure
settings.load_profile("no_clock")


@pytest.fixture(scope="session")
def data(test_data) -> Path:
    return test_data


@pytest.fixture(scope="session")
def dicom_mixed(data) -> Path:
    return data / "dicom-mixed"


@pytest.fixture(scope="session")
def manifest(dicom_mixed) -> list[dict[str, str]]:
    with (dicom_mixed / "manifest.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))
