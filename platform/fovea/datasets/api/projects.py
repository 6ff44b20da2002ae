"""Projects and their people."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.accounts.models import User
from fovea.core.api import ApiView, ListView
from fovea.core.errors import Invalid, NotFound
from fovea.datasets.api.serializers import (
    DescriptionSerializer,
    MemberSerializer,
    MemberSetSerializer,
    ProjectCreateSerializer,
    ProjectSerializer,
)
from fovea.datasets.selectors.datasets import dataset_get
from fovea.datasets.selectors.projects import members_of, project_get, projects_visible
from fovea.datasets.services.projects import member_remove, member_set, project_create, project_update


class ProjectList(ListView):
    """Projects that one may see."""

    @extend_schema(operation_id="project_list", responses=ProjectSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List projects, newest first."""
        return self.page(projects_visible(actor=self.actor), ProjectSerializer)

    @extend_schema(
        operation_id="project_create", request=ProjectCreateSerializer, responses={201: ProjectSerializer}
    )
    def post(self, request: Request) -> Response:
        """Put a task on a dataset; who does so becomes the project's admin."""
        data = self.data(ProjectCreateSerializer)
        dataset = dataset_get(actor=self.actor, slug=data.pop("dataset"))
        project = project_create(actor=self.actor, dataset=dataset, **data)
        return Response(ProjectSerializer(project, context={"request": request}).data, status=201)


class ProjectDetail(ApiView):
    """One project."""

    @extend_schema(operation_id="project_read", responses=ProjectSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read a project."""
        project = project_get(actor=self.actor, slug=slug)
        return Response(ProjectSerializer(project, context={"request": request}).data)

    @extend_schema(operation_id="project_update", request=DescriptionSerializer, responses=ProjectSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Rename or describe a project."""
        project = project_get(actor=self.actor, slug=slug)
        project = project_update(actor=self.actor, project=project, **self.data(DescriptionSerializer))
        return Response(ProjectSerializer(project, context={"request": request}).data)


class MemberList(ListView):
    """The people of a project."""

    ordering = ("id",)

    @extend_schema(operation_id="member_list", responses=MemberSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the people of a project and their roles."""
        project = project_get(actor=self.actor, slug=slug)
        return self.page(members_of(actor=self.actor, project=project), MemberSerializer)

    @extend_schema(operation_id="member_set", request=MemberSetSerializer, responses=MemberSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Give a person a role in the project, or another one."""
        project = project_get(actor=self.actor, slug=slug, action="project.members")
        data = self.data(MemberSetSerializer)
        user = User.objects.filter(username=data["username"]).first()
        if user is None:
            raise Invalid("Nobody has that user name.", field="username")
        membership = member_set(actor=self.actor, project=project, user=user, role=data["role"])
        return Response(MemberSerializer(membership).data)


class MemberDetail(ApiView):
    """One person of a project."""

    @extend_schema(operation_id="member_remove", responses={204: None})
    def delete(self, request: Request, slug: str, username: str) -> Response:
        """Take a person out of the project."""
        project = project_get(actor=self.actor, slug=slug, action="project.members")
        user = User.objects.filter(username=username).first()
        if user is None:
            raise NotFound("That person is not in the project.")
        member_remove(actor=self.actor, project=project, user=user)
        return Response(status=204)
