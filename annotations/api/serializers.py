"""What requests and answers look like. Content itself is checked against the schema by annotations.content."""

from rest_framework import serializers

from annotations.models import ItemSkip


class SaveSerializer(serializers.Serializer):
    """A save: what changed since `base_version`, under a key that the client made."""

    base_version = serializers.IntegerField(min_value=0)
    key = serializers.UUIDField()
    content = serializers.DictField()
    partial = serializers.BooleanField(default=True)  # type: ignore[assignment]
    seconds = serializers.FloatField(default=0.0, min_value=0)
    prediction = serializers.DictField(required=False, allow_null=True, default=None)


class SubmitSerializer(serializers.Serializer):
    """Declare the labels of `base_version` finished."""

    base_version = serializers.IntegerField(min_value=0)
    key = serializers.UUIDField()
    seconds = serializers.FloatField(default=0.0, min_value=0)


class SavedSerializer(serializers.Serializer):
    """The version that a save or a submission made."""

    version = serializers.IntegerField(source="number")
    saved_at = serializers.DateTimeField(source="created_at")
    submitted = serializers.BooleanField()


class SkipSerializer(serializers.Serializer):
    """Why an item is passed over."""

    reason = serializers.ChoiceField(choices=ItemSkip.REASONS)
    note = serializers.CharField(default="", allow_blank=True, max_length=500)


class FlagSerializer(serializers.Serializer):
    """Mark an item for somebody else, or take the mark away."""

    note = serializers.CharField(default="", allow_blank=True, max_length=500)
    flagged = serializers.BooleanField(default=True)


class SchemaWriteSerializer(serializers.Serializer):
    """A new version of what a project asks; see docs/reference/label-schema.md."""

    questions = serializers.ListField(child=serializers.DictField(), default=list)
    classes = serializers.ListField(child=serializers.DictField(), default=list)
    boxes = serializers.ListField(child=serializers.DictField(), default=list)


class SchemaSerializer(serializers.Serializer):
    """What a project asks now."""

    version = serializers.IntegerField(source="number")
    questions = serializers.ListField(child=serializers.DictField(), source="spec.questions")
    classes = serializers.ListField(child=serializers.DictField(), source="spec.classes")
    boxes = serializers.ListField(child=serializers.DictField(), source="spec.boxes")


class AnnotationSerializer(serializers.Serializer):
    """An item's labels now; version 0 when there are none."""

    version = serializers.IntegerField()
    content = serializers.DictField()
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    author = serializers.CharField(allow_null=True)
    saved_at = serializers.DateTimeField(allow_null=True)
    submitted = serializers.BooleanField()


class HistorySerializer(serializers.Serializer):
    """One version in an item's history."""

    version = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]
    author = serializers.CharField(allow_null=True)
    saved_at = serializers.DateTimeField()
    submitted = serializers.BooleanField()
    summary = serializers.CharField()


class ItemSerializer(serializers.Serializer):
    """An item in a list."""

    id = serializers.IntegerField()
    series = serializers.IntegerField(source="series_id")
    instance = serializers.IntegerField(source="instance_id", allow_null=True)
    patient = serializers.CharField(source="patient.key")
    split = serializers.CharField()
    state = serializers.CharField()
    flagged = serializers.BooleanField()
    flag_note = serializers.CharField()
    version = serializers.IntegerField(source="current.number", default=0)
    submitted_at = serializers.DateTimeField(allow_null=True)
