"""Rows for tests, each with the least that makes it valid.

`from tests.factories import UserFactory`. Sequences start anew in each process; names say that they are made up.
"""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory, Password

from fovea.accounts.models import User
from fovea.accounts.permissions import Role
from fovea.core.storage import blob_put
from fovea.datasets.models import (
    Blob,
    Dataset,
    Instance,
    Membership,
    Patient,
    Project,
    Series,
    Study,
)
from fovea.jobs.models import Job

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory):
    """A person whose password is `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    password = Password(PASSWORD)


class DatasetFactory(DjangoModelFactory):
    """An empty dataset."""

    class Meta:
        model = Dataset

    slug = factory.Sequence(lambda n: f"dataset-{n}")
    name = factory.Sequence(lambda n: f"Dataset {n}")


class ProjectFactory(DjangoModelFactory):
    """A project on a dataset of its own, of unit image."""

    class Meta:
        model = Project

    dataset = factory.SubFactory(DatasetFactory)
    slug = factory.Sequence(lambda n: f"project-{n}")
    name = factory.Sequence(lambda n: f"Project {n}")


class MembershipFactory(DjangoModelFactory):
    """A role of a person in a project."""

    class Meta:
        model = Membership

    project = factory.SubFactory(ProjectFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.RADIOLOGIST


class PatientFactory(DjangoModelFactory):
    """Somebody made up."""

    class Meta:
        model = Patient

    dataset = factory.SubFactory(DatasetFactory)
    key = factory.Sequence(lambda n: f"patient-{n}")


class StudyFactory(DjangoModelFactory):
    """An examination of a patient of the same dataset."""

    class Meta:
        model = Study

    dataset = factory.SubFactory(DatasetFactory)
    patient = factory.SubFactory(PatientFactory, dataset=factory.SelfAttribute("..dataset"))
    uid = factory.Sequence(lambda n: f"2.25.1000{n}")


class SeriesFactory(DjangoModelFactory):
    """A series without instances; `InstanceFactory(series=…)` adds them."""

    class Meta:
        model = Series

    dataset = factory.SubFactory(DatasetFactory)
    study = factory.SubFactory(StudyFactory, dataset=factory.SelfAttribute("..dataset"))
    uid = factory.Sequence(lambda n: f"2.25.2000{n}")
    modality = "OT"


class BlobFactory(DjangoModelFactory):
    """A stored file: `BlobFactory(data=b"…")` puts the bytes into the blob store and makes the row."""

    class Meta:
        model = Blob
        django_get_or_create = ("sha256",)

    class Params:
        data = factory.Sequence(lambda n: f"made-up file {n}".encode())

    sha256 = factory.LazyAttribute(lambda made: blob_put(made.data).sha256)
    size = factory.LazyAttribute(lambda made: len(made.data))


class InstanceFactory(DjangoModelFactory):
    """One grey 8-bit image, uncompressed: `pixels` bytes of rows × columns (default an 8 × 8 ramp), one frame."""

    class Meta:
        model = Instance

    class Params:
        pixels = bytes(range(64))

    dataset = factory.SelfAttribute("series.dataset")
    series = factory.SubFactory(SeriesFactory)
    sop_uid = factory.Sequence(lambda n: f"2.25.3000{n}")
    source = factory.SubFactory(BlobFactory, data=factory.SelfAttribute("..pixels"))
    source_kind = "raster"
    frames_blob = factory.SelfAttribute("source")
    transfer_syntax_uid = "1.2.840.10008.1.2.1"
    rows = 8
    columns = 8
    frames = 1
    offsets = [0]
    lengths = factory.LazyAttribute(lambda made: [len(made.pixels)])


class JobFactory(DjangoModelFactory):
    """A queued job's row that no message tells of."""

    class Meta:
        model = Job

    kind = "test.echo"
    queue = "default"
    title = "A job of the tests"
    scope = "site:0"
