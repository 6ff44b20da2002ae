"""Signing in, being locked out, and what a session survives."""

import pytest
from django.db.models.functions import Now
from django.test import Client

from fovea.accounts import services
from fovea.accounts.models import SignInFailure, SignInLink
from fovea.accounts.services import sessions
from fovea.audit.selectors import events_of
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
SESSION = "/api/v1/session/"


def sign_in(client, password=PASSWORD, username="ann", **extra):
    return client.post(SESSION, {"username": username, "password": password}, format="json", **extra)


@pytest.fixture
def ann():
    return UserFactory(username="ann")


def test_signing_in_and_out(api, ann):
    client = api()
    assert client.get(SESSION).json() == {"user": None}
    answer = sign_in(client)
    assert answer.status_code == 200
    assert answer.json()["user"]["username"] == "ann"
    assert client.get(SESSION).json()["user"]["id"] == ann.pk
    assert client.delete(SESSION).status_code == 204
    assert client.get("/api/v1/me/").status_code == 401
    assert [event.action for event in events_of(f"user:{ann.pk}")] == ["session.close", "session.open"]


def test_the_session_key_that_an_attacker_planted_is_worth_nothing(api, ann):
    client = api()
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    assert sign_in(client).status_code == 200
    assert client.cookies["sessionid"].value != planted
    thief = api()
    thief.cookies["sessionid"] = planted
    assert thief.get(SESSION).json() == {"user": None}
    assert "planted" not in client.session


def test_a_wrong_name_and_a_wrong_password_are_told_alike(api, ann):
    wrong = sign_in(api(), password="wrong").json()
    assert wrong["error"]["code"] == "wrong_password"
    assert sign_in(api(), username="nobody").json() == wrong


def test_signing_in_needs_the_page_s_token(ann):
    client = Client(enforce_csrf_checks=True)
    refused = client.post(SESSION, {"username": "ann", "password": PASSWORD}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    client.get(SESSION)
    answer = client.post(
        SESSION,
        {"username": "ann", "password": PASSWORD},
        content_type="application/json",
        headers={"X-CSRFToken": client.cookies["csrftoken"].value},
    )
    assert answer.status_code == 200


def test_five_wrong_passwords_lock_that_address_out_even_with_the_right_one(api, ann):
    for _ in range(sessions.TRIES_PER_ADDRESS):
        assert sign_in(api(), password="wrong").status_code == 401
    locked = sign_in(api())
    assert (locked.status_code, locked.json()["error"]["code"]) == (429, "locked_out")
    assert int(locked["Retry-After"]) > 0
    assert sign_in(api(), username="ANN").status_code == 429
    assert sign_in(api(), REMOTE_ADDR="192.0.2.7").status_code == 200  # the person's own address is not shut
    SignInFailure.objects.update(at=Now() - sessions.LOCK_OUT)
    assert sign_in(api()).status_code == 200


def test_many_addresses_do_not_help_to_guess(api, ann, monkeypatch):
    monkeypatch.setattr(sessions, "TRIES_PER_NAME", 3)
    for number in range(3):
        sign_in(api(), password="wrong", REMOTE_ADDR=f"192.0.2.{number}")
    assert sign_in(api(), REMOTE_ADDR="192.0.2.99").status_code == 429


def test_a_right_password_forgets_the_wrong_ones(api, ann):
    for _ in range(sessions.TRIES_PER_ADDRESS):
        sign_in(api(), password="wrong")
        assert sign_in(api()).status_code == 200
    assert not SignInFailure.objects.exists()


def test_somebody_who_is_deactivated_is_out_at_once(api, ann, site_admin):
    client = api()
    sign_in(client)
    services.user_update(actor=site_admin, user=ann, is_active=False)
    assert client.get("/api/v1/me/").status_code == 401
    assert sign_in(api()).json()["error"]["code"] == "wrong_password"


def test_a_new_password_ends_the_other_sessions(api, ann):
    here, there = api(), api()
    sign_in(here)
    sign_in(there)
    change = {"current_password": PASSWORD, "new_password": "another long phrase"}
    assert here.post("/api/v1/session/password/", change, format="json").status_code == 204
    assert here.get("/api/v1/me/").status_code == 200
    assert there.get("/api/v1/me/").status_code == 401
    assert sign_in(api(), password="another long phrase").status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("wrong", "another long phrase", "current_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "ann", "new_password"),
    ],
)
def test_a_weak_password_or_a_wrong_current_one_is_refused(api, ann, current, new, field):
    answer = api(ann).post(
        "/api/v1/session/password/", {"current_password": current, "new_password": new}, format="json"
    )
    assert answer.status_code == 400
    assert field in answer.json()["error"]["details"]["fields"]
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)


def test_a_link_signs_in_once_and_looking_at_it_does_not_use_it_up(ann):
    url = f"/sign-in/link/{services.link_create(actor=None, user=ann)}/"
    for _ in range(2):
        shown = Client().get(url)
        assert shown.status_code == 200
        assert b"ann" in shown.content
        assert "sessionid" not in shown.cookies
    person = Client()
    assert person.post(url).status_code == 302
    assert person.get("/api/v1/me/").json()["username"] == "ann"
    for method in ("get", "post"):
        second = getattr(Client(), method)(url)
        assert second.status_code == 404
        assert "sessionid" not in second.cookies


def test_a_link_of_another_day_or_of_nobody_is_no_good(ann):
    key = services.link_create(actor=None, user=ann)
    SignInLink.objects.update(expires_at=Now())
    for made_up in (key, "x" * 43):
        assert Client().post(f"/sign-in/link/{made_up}/").status_code == 404


def test_only_site_admins_make_links(api, ann, site_admin):
    other = UserFactory()
    assert api(ann).post(f"/api/v1/users/{other.pk}/link/").status_code == 403
    url = api(site_admin).post(f"/api/v1/users/{other.pk}/link/").json()["url"]
    assert Client().post(url.replace("http://testserver", "")).status_code == 302


def test_a_tab_that_somebody_else_opened_is_refused(api, db) -> None:
    """Robin's old tab must not save in Sam's name after Sam signed in in the same browser."""
    sam = UserFactory()
    client = api(sam)
    assert client.get("/api/v1/me/", headers={"X-Fovea-User": str(sam.pk)}).status_code == 200
    refused = client.get("/api/v1/me/", headers={"X-Fovea-User": str(sam.pk + 1)})
    assert refused.status_code == 401
    assert "Somebody else has signed in" in refused.json()["error"]["message"]
