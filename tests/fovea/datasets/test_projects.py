"""Datasets, projects and their people: by service and by API."""

import pytest

from fovea.audit.models import Event
from fovea.core.errors import Conflict, Forbidden, Invalid, NotFound
from fovea.datasets.models import Dataset, Membership
from fovea.datasets.services.datasets import dataset_create, dataset_delete
from fovea.datasets.services.projects import member_remove, member_set, project_create
from tests.factories import DatasetFactory, MembershipFactory, ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_data_scientist_makes_a_dataset_and_a_project_and_becomes_its_admin(people):
    actor = people.data_scientist
    dataset = dataset_create(actor=actor, name="  Chest   radiographs ")
    assert (dataset.slug, dataset.name) == ("chest-radiographs", "Chest radiographs")
    project = project_create(actor=actor, dataset=dataset, name="Nodules?", unit="image")
    assert project.slug == "nodules"
    assert Membership.objects.get(project=project).role == "admin"
    actions = list(Event.objects.order_by("id").values_list("action", "actor_id"))
    assert actions == [("dataset.create", actor.pk), ("project.create", actor.pk)]


@pytest.mark.parametrize("role", ["radiologist", "reviewer", "viewer", "outsider"])
def test_others_make_neither(people, role):
    actor = getattr(people, role)
    with pytest.raises(Forbidden):
        dataset_create(actor=actor, name="Mine")
    with pytest.raises(NotFound if role == "outsider" else Forbidden):
        project_create(actor=actor, dataset=people.dataset, name="Mine")


def test_slugs_are_made_unique_and_asked_ones_are_checked(site_admin):
    slugs = [dataset_create(actor=site_admin, name="CT").slug for _ in range(3)]
    assert slugs == ["ct", "ct-2", "ct-3"]
    assert dataset_create(actor=site_admin, name="胸部").slug == "dataset"
    with pytest.raises(Conflict, match="taken"):
        dataset_create(actor=site_admin, name="CT", slug="ct")
    for bad in ("", "../x", "A", "a" * 61, "-a"):
        with pytest.raises(Invalid):
            dataset_create(actor=site_admin, name="CT", slug=bad)
    for bad in ("", " ", "a" * 121, "a\x00b"):
        with pytest.raises(Invalid):
            dataset_create(actor=site_admin, name=bad)


def test_a_project_keeps_at_least_one_admin(people):
    admin, project = people.admin, people.project
    with pytest.raises(Conflict) as refusal:
        member_set(actor=admin, project=project, user=admin, role="viewer")
    assert refusal.value.error_code == "last_admin"
    with pytest.raises(Conflict):
        member_remove(actor=admin, project=project, user=admin)
    member_set(actor=admin, project=project, user=people.viewer, role="admin")
    member_remove(actor=admin, project=project, user=admin)
    assert not Membership.objects.filter(project=project, user=admin).exists()


def test_a_dataset_in_use_is_not_deleted(people):
    with pytest.raises(Conflict):
        dataset_delete(actor=people.admin, dataset=people.dataset)
    empty = dataset_create(actor=people.admin, name="Empty")
    dataset_delete(actor=people.admin, dataset=empty)
    assert not Dataset.objects.filter(slug="empty").exists()


def test_lists_hold_only_what_one_may_see_page_by_page(people, api):
    mine = [ProjectFactory(dataset=people.dataset) for _ in range(3)]
    for project in mine:
        MembershipFactory(project=project, user=people.viewer, role="viewer")
    ProjectFactory()
    client, found, cursor = api(people.viewer), [], ""
    while cursor is not None:
        page = client.get("/api/v1/projects/", {"limit": 3, "cursor": cursor}).json()
        found += [row["slug"] for row in page["results"]]
        cursor = page["next"]
    assert found == [project.slug for project in reversed([people.project, *mine])]
    datasets = client.get("/api/v1/datasets/").json()["results"]
    assert [row["slug"] for row in datasets] == [people.dataset.slug]
    assert api(people.outsider).get("/api/v1/datasets/").json()["results"] == []


def test_what_one_may_not_know_of_is_not_found(people, api):
    foreign = ProjectFactory()
    client = api(people.admin)
    for address in (
        f"/api/v1/projects/{foreign.slug}/",
        f"/api/v1/projects/{foreign.slug}/members/",
        f"/api/v1/datasets/{foreign.dataset.slug}/",
        "/api/v1/projects/none/",
    ):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    for client in (api(people.viewer), api(people.radiologist)):
        answer = client.patch(f"/api/v1/projects/{people.project.slug}/", {"name": "x"}, format="json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert api().get("/api/v1/projects/").status_code == 401


def test_members_by_the_api(people, api):
    address = f"/api/v1/projects/{people.project.slug}/members/"
    client, newcomer = api(people.admin), UserFactory(username="new-person")
    answer = client.post(address, {"username": newcomer.username, "role": "reviewer"}, format="json")
    assert answer.json()["role"] == "reviewer"
    assert "new-person" in [row["username"] for row in client.get(address).json()["results"]]
    assert client.post(address, {"username": "nobody", "role": "viewer"}, format="json").status_code == 400
    assert (
        client.post(address, {"username": newcomer.username, "role": "king"}, format="json").status_code
        == 400
    )
    assert client.delete(f"{address}new-person/").status_code == 204
    assert client.delete(f"{address}new-person/").status_code == 404
    refused = api(people.reviewer).post(address, {"username": "new-person", "role": "admin"}, format="json")
    assert refused.status_code == 403


def test_datasets_and_projects_by_the_api(people, api):
    client = api(people.data_scientist)
    made = client.post("/api/v1/datasets/", {"name": "Films"}, format="json")
    assert (made.status_code, made.json()["slug"]) == (201, "films")
    body = {"dataset": "films", "name": "Fractures", "unit": "series"}
    project = client.post("/api/v1/projects/", body, format="json")
    assert project.status_code == 201
    assert project.json() | {"created_at": None} == {
        "slug": "fractures",
        "name": "Fractures",
        "description": "",
        "unit": "series",
        "dataset": {"slug": "films", "name": "Films"},
        "role": "admin",
        "created_at": None,
    }
    renamed = client.patch("/api/v1/projects/fractures/", {"name": "Breaks"}, format="json").json()
    assert (renamed["name"], renamed["slug"]) == ("Breaks", "fractures")
    assert client.post("/api/v1/projects/", body | {"unit": "page"}, format="json").status_code == 400
    DatasetFactory(slug="secret")
    assert client.post("/api/v1/projects/", body | {"dataset": "secret"}, format="json").status_code == 404
    assert client.delete("/api/v1/datasets/films/").json()["error"]["code"] == "dataset_in_use"
