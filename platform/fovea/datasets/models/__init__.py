"""The tables, by what they are about."""

from .images import Blob, Dataset, Instance, InstanceMetadata, Patient, Series, Study
from .imports import Import, ImportFile, Upload
from .projects import Membership, Project

__all__ = [
    "Blob",
    "Dataset",
    "Import",
    "ImportFile",
    "Instance",
    "InstanceMetadata",
    "Membership",
    "Patient",
    "Project",
    "Series",
    "Study",
    "Upload",
]
