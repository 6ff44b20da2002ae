"""Dataset → Patient → Study → Series → Instance, after DICOM's information model; every file is a Blob.

Images that are not DICOM take the same places: UIDs are derived from their bytes, a NIfTI volume is one
multi-frame instance, a photograph a series of one.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Blob(models.Model):
    """A stored file (core.storage), named by the SHA-256 of its bytes."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100, default="application/octet-stream")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256[:12]


class Dataset(models.Model):
    """A collection of images. UIDs are unique inside it."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Patient(models.Model):
    """Whose images: `key` is the identifier as imported (or the file's own name where none is known,
    `is_known` false).
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="patients")
    key = models.CharField(max_length=128)
    is_known = models.BooleanField(default=True)
    sex = models.CharField(max_length=16, blank=True)
    attributes = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "key"], name="one_patient_per_key")]


class Study(models.Model):
    """One examination."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="studies")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="studies")
    uid = models.CharField(max_length=64)
    date = models.DateField(null=True, blank=True)
    description = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "uid"], name="one_study_per_uid")]


class Series(models.Model):
    """One acquisition. `geometry` is what ml.imaging.geometry found: order, spacing, findings, is_volume and
    why not.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="series")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    uid = models.CharField(max_length=64)
    modality = models.CharField(max_length=16, blank=True)
    number = models.IntegerField(null=True, blank=True)
    description = models.CharField(max_length=200, blank=True)
    body_part = models.CharField(max_length=64, blank=True)
    manufacturer = models.CharField(max_length=100, blank=True)
    frame_of_reference_uid = models.CharField(max_length=64, blank=True)
    is_image = models.BooleanField(default=True)
    instance_count = models.IntegerField(default=0)
    frame_count = models.IntegerField(default=0)
    geometry = models.JSONField(default=dict)
    thumbnail = models.ForeignKey(Blob, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "uid"], name="one_series_per_uid")]
        indexes = [
            models.Index(fields=["dataset", "is_image", "id"]),
            models.Index(fields=["dataset", "modality", "id"]),
        ]


class InstanceKind(models.TextChoices):
    """What an instance holds; only images are read and labelled."""

    IMAGE = "image", "Image"
    SEGMENTATION = "segmentation", "Segmentation"
    REPORT = "report", "Structured report"
    STRUCTURE_SET = "structure_set", "Structure set"
    OTHER = "other", "Other object"


class Instance(models.Model):
    """One stored object. Frame n's bytes are `frames_blob[offsets[n-1] : offsets[n-1] + lengths[n-1]]`.

    `source` is the file as it came; `frames_blob` the one that frames are served from (the source itself, or
    a derived form where browsers cannot read the stored encoding), in `transfer_syntax_uid`.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="instances")
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="instances")
    sop_uid = models.CharField(max_length=64)
    sop_class_uid = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=16, choices=InstanceKind.choices, default=InstanceKind.IMAGE)
    number = models.IntegerField(null=True, blank=True)
    position = models.FloatField(null=True, blank=True, help_text="Millimetres along the slice normal")
    source = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    source_kind = models.CharField(
        max_length=8, choices=[(k, k) for k in ("dicom", "raster", "nifti")], default="dicom"
    )
    frames_blob = models.ForeignKey(Blob, null=True, on_delete=models.PROTECT, related_name="+")
    transfer_syntax_uid = models.CharField(max_length=64, blank=True)
    rows = models.IntegerField(default=0)
    columns = models.IntegerField(default=0)
    frames = models.IntegerField(default=0)
    samples = models.SmallIntegerField(default=1)
    offsets = ArrayField(models.BigIntegerField(), default=list)
    lengths = ArrayField(models.BigIntegerField(), default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "sop_uid"], name="one_instance_per_uid")]
        indexes = [models.Index(fields=["series", "position", "number"])]


class InstanceMetadata(models.Model):
    """What the viewer is told about an instance: DICOM JSON (PS3.18 F), cleaned at ingest; apart, so that
    rows stay small.
    """

    instance = models.OneToOneField(
        Instance, on_delete=models.CASCADE, primary_key=True, related_name="metadata"
    )
    dicom_json = models.JSONField(default=dict)
