"""What runs, models and settings are asked with and answer."""

from typing import Any

from rest_framework import serializers

from fovea.learning.models import LearningSettings, Run, TrainedModel
from fovea.learning.selectors.models import headline_of
from fovea.learning.selectors.predictions import model_name


class RunStartSerializer(serializers.Serializer):
    """Start a run; `config` overrides the project's recipe (architecture, preset, steps, size, epochs …)."""

    config = serializers.DictField(default=dict)


class RunErrorSerializer(serializers.Serializer):
    """Why a run failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class RunSerializer(serializers.Serializer):
    """A training run; `state` is queued, running, succeeded, failed or cancelled."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    state = serializers.CharField(source="now")
    progress = serializers.FloatField()
    stage = serializers.CharField()
    trigger = serializers.CharField()
    labelled = serializers.IntegerField()
    job = serializers.UUIDField(source="job_id", allow_null=True)
    model = serializers.SerializerMethodField()
    error = RunErrorSerializer(allow_null=True)
    created_by = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_model(self, run: Run) -> int | None:
        """The model that it made."""
        return run.model.pk if hasattr(run, "model") else None

    def get_created_by(self, run: Run) -> str | None:
        """Who started it; null for new labels and the clock."""
        return str(run.created_by) if run.created_by else None


class PointSerializer(serializers.Serializer):
    """A point of the live curves; `metric` is the validation metric so far."""

    step = serializers.IntegerField()
    steps = serializers.IntegerField(source="values.steps")
    loss = serializers.FloatField(source="values.loss", allow_null=True)
    metric = serializers.FloatField(source="values.metric", allow_null=True)


class RunDetailSerializer(RunSerializer):
    """A run with its recipe and its curves."""

    config = serializers.DictField()
    manifest_sha256 = serializers.CharField()
    points = PointSerializer(many=True)


class HeadlineSerializer(serializers.Serializer):
    """The metric that decides, with its bootstrap interval."""

    name = serializers.CharField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    split = serializers.CharField(allow_null=True)


class ModelSerializer(serializers.Serializer):
    """A trained model; `state` is candidate, production or retired."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    name = serializers.SerializerMethodField()
    architecture = serializers.CharField()
    state = serializers.CharField()
    headline = serializers.SerializerMethodField()
    labelled = serializers.IntegerField()
    run = serializers.IntegerField(source="run_id")
    created_at = serializers.DateTimeField()

    def get_name(self, model: TrainedModel) -> str:
        """What people call it."""
        return model_name(model.number, model.architecture)

    def get_headline(self, model: TrainedModel) -> HeadlineSerializer:
        """The metric that decides."""
        data: Any = HeadlineSerializer(headline_of(model)).data
        return data


class ModelEventSerializer(serializers.Serializer):
    """What happened to a model, and why."""

    action = serializers.CharField()
    reason = serializers.CharField()
    actor = serializers.SerializerMethodField()
    at = serializers.DateTimeField()

    def get_actor(self, event: Any) -> str | None:
        """Who did it; null for the platform itself."""
        return str(event.actor) if event.actor else None


class ModelDetailSerializer(ModelSerializer):
    """A model with all its metrics."""

    weights_sha256 = serializers.CharField()
    metrics = serializers.DictField()
    events = ModelEventSerializer(many=True)


class CompareQuerySerializer(serializers.Serializer):
    """Which two models."""

    a = serializers.IntegerField()
    b = serializers.IntegerField()


class DifferenceSerializer(serializers.Serializer):
    """Mean gain per case of b over a, with its interval by patient."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class CaseScoreSerializer(serializers.Serializer):
    """One case under both models, 0 to 1."""

    item = serializers.IntegerField()
    a = serializers.FloatField()
    b = serializers.FloatField()


class CompareSerializer(serializers.Serializer):
    """b against a, case by case; `cases` lists the largest differences first."""

    a = ModelSerializer()
    b = ModelSerializer()
    split = serializers.CharField()
    difference = DifferenceSerializer()
    p_value = serializers.FloatField()
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    ties = serializers.IntegerField()
    cases = CaseScoreSerializer(many=True)


class CurvePointSerializer(serializers.Serializer):
    """One model on the learning curve."""

    model = serializers.IntegerField()
    number = serializers.IntegerField()
    state = serializers.CharField()
    labelled = serializers.IntegerField()
    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    created_at = serializers.DateTimeField()


class ForecastSerializer(serializers.Serializer):
    """The metric to expect at numbers of labels, with a 90 % interval."""

    labels = serializers.ListField(child=serializers.FloatField())
    expected = serializers.ListField(child=serializers.FloatField())
    low = serializers.ListField(child=serializers.FloatField())
    high = serializers.ListField(child=serializers.FloatField())


class CurveSerializer(serializers.Serializer):
    """The learning curve; `forecast` is null before four models."""

    metric = serializers.CharField()
    points = CurvePointSerializer(many=True)
    forecast = ForecastSerializer(allow_null=True)
    advice = serializers.CharField()


class LearningSettingsSerializer(serializers.ModelSerializer):
    """How a project learns."""

    class Meta:
        model = LearningSettings
        fields = (
            "architecture",
            "strategy",
            "auto_every",
            "every_hours",
            "random_share",
            "test_share",
            "auto_promote",
            "options",
        )


class RankSerializer(serializers.Serializer):
    """Rank again; a named strategy becomes the project's."""

    strategy = serializers.CharField(default="", allow_blank=True, max_length=30)


class StartedSerializer(serializers.Serializer):
    """The job that does it."""

    job = serializers.UUIDField(source="pk")


class StrategySerializer(serializers.Serializer):
    """An acquisition strategy's card."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    needs = serializers.ListField(child=serializers.CharField())


class ArchitectureSerializer(serializers.Serializer):
    """An architecture's card."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField())
    parameters = serializers.IntegerField()
    licence = serializers.CharField()
    minimum_size = serializers.IntegerField()


class CountsSerializer(serializers.Serializer):
    """Items by state."""

    waiting = serializers.IntegerField()
    done = serializers.IntegerField()
    aside = serializers.IntegerField()
    total = serializers.IntegerField()


class DayCountSerializer(serializers.Serializer):
    """Labels of one day."""

    day = serializers.DateField()
    count = serializers.IntegerField()


class ProposalsSerializer(serializers.Serializer):
    """How many labels began with a proposal, how many kept it unchanged; `share` is null without any."""

    offered = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)


class SummarySerializer(serializers.Serializer):
    """A project at a glance."""

    has_schema = serializers.BooleanField()
    counts = CountsSerializer()
    flagged = serializers.IntegerField()
    model = ModelSerializer(allow_null=True)
    run = RunSerializer(allow_null=True)
    labels_per_day = DayCountSerializer(many=True)
    proposals = ProposalsSerializer()
