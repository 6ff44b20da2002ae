"""What datasets and projects look like as JSON."""

from __future__ import annotations

from rest_framework import serializers

from fovea.accounts.permissions import Role
from fovea.datasets.models import Dataset, Membership, Project
from fovea.datasets.models.projects import Unit
from fovea.datasets.selectors.projects import role_in


class DatasetSerializer(serializers.ModelSerializer):
    """A dataset."""

    class Meta:
        model = Dataset
        fields = ["slug", "name", "description", "created_at"]
        read_only_fields = ["slug", "created_at"]


class DatasetCreateSerializer(serializers.Serializer):
    """A new dataset."""

    name = serializers.CharField(max_length=120)
    slug = serializers.CharField(max_length=60, required=False, allow_null=True)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class DescriptionSerializer(serializers.Serializer):
    """A new name or description of a dataset or project; what is left out stays."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class DatasetRefSerializer(serializers.ModelSerializer):
    """A dataset, named."""

    class Meta:
        model = Dataset
        fields = ["slug", "name"]


class ProjectSerializer(serializers.ModelSerializer):
    """A project, with the reader's own role in it."""

    dataset = DatasetRefSerializer(read_only=True)
    role = serializers.SerializerMethodField(help_text="The reader's role")

    class Meta:
        model = Project
        fields = ["slug", "name", "description", "unit", "dataset", "role", "created_at"]

    def get_role(self, project: Project) -> str:
        """The reader's role."""
        return role_in(actor=self.context["request"].user, project=project)


class ProjectCreateSerializer(serializers.Serializer):
    """A new project."""

    dataset = serializers.CharField(max_length=60, help_text="The dataset's slug")
    name = serializers.CharField(max_length=120)
    slug = serializers.CharField(max_length=60, required=False, allow_null=True)
    unit = serializers.ChoiceField(choices=Unit.choices, default=Unit.IMAGE)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class MemberSerializer(serializers.ModelSerializer):
    """A person of a project."""

    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.display_name")

    class Meta:
        model = Membership
        fields = ["username", "name", "role", "created_at"]


class MemberSetSerializer(serializers.Serializer):
    """A role for a person."""

    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=[role.value for role in Role])
