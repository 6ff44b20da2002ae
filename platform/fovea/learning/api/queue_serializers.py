"""What the queue and the workspace answer."""

from rest_framework import serializers

from annotations.api.serializers import AnnotationSerializer, HistorySerializer
from fovea.learning.models import UNRANKED, QueueEntry


class QueueEntrySerializer(serializers.Serializer):
    """A place in the queue; `rank` is null until a ranking has reached the item."""

    item = serializers.IntegerField(source="item_id")
    rank = serializers.SerializerMethodField()
    score = serializers.FloatField(allow_null=True)
    strategy = serializers.CharField()
    reason = serializers.CharField()
    random = serializers.BooleanField(source="is_random")
    state = serializers.CharField(source="item.state")
    patient = serializers.CharField(source="item.patient.key")
    series = serializers.IntegerField(source="item.series_id")
    instance = serializers.IntegerField(source="item.instance_id", allow_null=True)
    reader = serializers.SerializerMethodField()

    def get_rank(self, entry: QueueEntry) -> int | None:
        """1 is next."""
        return entry.rank if entry.rank < UNRANKED else None

    def get_reader(self, entry: QueueEntry) -> str | None:
        """Who holds the item now."""
        return str(entry.lease_user) if getattr(entry, "is_leased", False) else None


class QueueNextSerializer(serializers.Serializer):
    """`exclude`: items not to be given; `preview`: say what would come, without leasing it."""

    exclude = serializers.ListField(child=serializers.IntegerField(), default=list, max_length=200)
    preview = serializers.BooleanField(default=False)


class SlugNameSerializer(serializers.Serializer):
    """A project in short."""

    slug = serializers.CharField()
    name = serializers.CharField()


class SlugSerializer(serializers.Serializer):
    """A dataset in short."""

    slug = serializers.CharField()


class WorkspaceSchemaSerializer(serializers.Serializer):
    """What the project asks; version 0 when nothing yet."""

    version = serializers.IntegerField()
    questions = serializers.ListField(child=serializers.DictField())
    classes = serializers.ListField(child=serializers.DictField())
    boxes = serializers.ListField(child=serializers.DictField())


class CaseSerializer(serializers.Serializer):
    """What the reader sees of the case, and how far the project is."""

    title = serializers.CharField()
    patient = serializers.CharField()
    modality = serializers.CharField()
    series_description = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()


class WorkspaceFrameSerializer(serializers.Serializer):
    """One 2D image of the item, in geometric order."""

    key = serializers.CharField()
    image_id = serializers.CharField()
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()


class GeometrySerializer(serializers.Serializer):
    """Whether the frames are a volume, else why not; spacing in mm."""

    is_volume = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    spacing = serializers.JSONField(allow_null=True)


class LeaseSerializer(serializers.Serializer):
    """Who works on the item."""

    mine = serializers.BooleanField()
    holder = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class ModelShortSerializer(serializers.Serializer):
    """Which model spoke."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    name = serializers.CharField()


class ConfidenceSerializer(serializers.Serializer):
    """How sure the model is, 0 to 1: overall, by class, by question."""

    overall = serializers.FloatField(allow_null=True)
    classes = serializers.DictField(child=serializers.FloatField())
    answers = serializers.DictField()


class ProposalSerializer(serializers.Serializer):
    """The model's proposal, content as in an annotation."""

    id = serializers.IntegerField()
    model = ModelShortSerializer()
    confidence = ConfidenceSerializer()
    content = serializers.DictField()


class WhySerializer(serializers.Serializer):
    """Why this item was chosen, in words."""

    text = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    strategy = serializers.CharField()
    random = serializers.BooleanField()


class WorkspaceSerializer(serializers.Serializer):
    """Everything the reading page needs to open one item."""

    id = serializers.IntegerField()
    project = SlugNameSerializer()
    dataset = SlugSerializer()
    schema = WorkspaceSchemaSerializer()
    unit = serializers.CharField()
    case = CaseSerializer()
    frames = WorkspaceFrameSerializer(many=True)
    metadata_url = serializers.CharField()
    geometry = GeometrySerializer()
    lease = LeaseSerializer()
    annotation = AnnotationSerializer()
    prediction = ProposalSerializer(allow_null=True)
    why = WhySerializer(allow_null=True)
    history = HistorySerializer(many=True)
