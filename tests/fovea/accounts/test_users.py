"""People: who may see, make and change whom."""

import pytest

from fovea.accounts.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
USERS = "/api/v1/users/"


def test_a_site_admin_makes_and_changes_people(api, site_admin):
    made = api(site_admin).post(
        USERS, {"username": "bob", "display_name": "Bob", "password": PASSWORD}, format="json"
    )
    assert made.status_code == 201
    changed = api(site_admin).patch(f"{USERS}{made.json()['id']}/", {"is_site_admin": True}, format="json")
    assert changed.json()["is_site_admin"] is True
    assert User.objects.get(username="bob").check_password(PASSWORD)


def test_nobody_else_does(api, people):
    for user in (*people.by_role.values(), people.outsider):
        assert api(user).post(USERS, {"username": "bob"}, format="json").status_code == 403
        assert user.pk != people.viewer.pk or api(user).patch(
            f"{USERS}{people.admin.pk}/", {"is_site_admin": True}, format="json"
        ).status_code in (403, 404)
    changed = api(people.admin).patch(f"{USERS}{people.admin.pk}/", {"is_site_admin": True}, format="json")
    assert changed.status_code == 403


def test_who_gives_roles_sees_names_only_and_others_nothing(api, people):
    everybody = api(people.site_admin).get(USERS, {"query": "person-"}).json()["results"]
    assert "last_login" in everybody[0]
    names = api(people.admin).get(USERS, {"query": "radiolog"}).json()["results"]
    assert names == [{"id": people.radiologist.pk, "username": "person-radiologist", "display_name": ""}]
    assert api(people.radiologist).get(USERS).status_code == 403
    assert api().get(USERS).status_code == 401


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"username": "Ann"}, 409, "name_taken"),
        ({"username": "a b"}, 400, "invalid"),
        ({"username": ""}, 400, "invalid"),
        ({"username": "bob", "password": "12345"}, 400, "invalid"),
    ],
)
def test_a_bad_wish_makes_nobody(api, site_admin, wish, status, code):
    UserFactory(username="ann")
    answer = api(site_admin).post(USERS, wish, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert User.objects.count() == 2


def test_the_last_site_admin_stays(api, site_admin):
    for change in ({"is_active": False}, {"is_site_admin": False}):
        answer = api(site_admin).patch(f"{USERS}{site_admin.pk}/", change, format="json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "last_admin")


def test_one_changes_one_s_own_name_and_preferences(api, people):
    client = api(people.viewer)
    answer = client.patch(
        "/api/v1/me/", {"display_name": "Vi", "preferences": {"theme": "dark"}}, format="json"
    )
    assert answer.json()["display_name"] == "Vi"
    assert client.get("/api/v1/me/").json()["preferences"] == {"theme": "dark"}
    assert client.patch("/api/v1/me/", {"preferences": {"x": "y" * 20_000}}, format="json").status_code == 400
    assert client.patch("/api/v1/me/", {"is_superuser": True}, format="json").json()["is_site_admin"] is False
