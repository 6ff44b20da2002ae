"""API tokens: hashed, scoped, ended."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from fovea.accounts.keys import digest_of
from fovea.accounts.models import ApiToken
from fovea.accounts.services import token_create
from fovea.accounts.services import tokens as token_services
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return UserFactory(username="ann")


@pytest.fixture
def with_token(api, ann):
    """`with_token("read")` is a client that carries a new token of Ann's."""

    def client(scope="write", **options):
        made = api()
        token, secret = token_create(actor=ann, name="t", scope=scope, **options)
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        made.token = token
        return made

    return client


def test_the_secret_is_told_once_and_stored_as_a_hash(api, ann):
    made = api(ann).post("/api/v1/tokens/", {"name": "laptop", "scope": "read", "days": 7}, format="json")
    secret = made.json()["token"]
    assert secret.startswith("fov_")
    row = ApiToken.objects.get()
    assert row.digest == digest_of(secret)
    assert secret not in str(list(ApiToken.objects.values()))
    listed = api(ann).get("/api/v1/tokens/").json()["results"]
    assert [token["prefix"] for token in listed] == [secret[:10]]
    assert "token" not in listed[0]
    assert "digest" not in str(listed)
    reader = api()
    reader.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert reader.get("/api/v1/me/").json()["username"] == "ann"


def test_a_read_token_reads_and_does_not_write(with_token):
    reader = with_token("read")
    assert reader.get("/api/v1/me/").status_code == 200
    refused = reader.patch("/api/v1/me/", {"display_name": "x"}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    writer = with_token("write")
    assert writer.patch("/api/v1/me/", {"display_name": "x"}, format="json").status_code == 200


def test_an_ended_revoked_or_made_up_token_opens_nothing(api, with_token, ann):
    ended = with_token(days=1)
    ApiToken.objects.filter(pk=ended.token.pk).update(expires_at=Now() - timedelta(seconds=1))
    revoked = with_token()
    assert api(ann).delete(f"/api/v1/tokens/{revoked.token.pk}/").status_code == 204
    made_up = api()
    made_up.credentials(HTTP_AUTHORIZATION="Bearer fov_" + "x" * 43)
    for client in (ended, revoked, made_up):
        answer = client.get("/api/v1/me/")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in")
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_bad_token_is_not_made_good_by_a_session(api, ann):
    client = api(ann)
    client.credentials(HTTP_AUTHORIZATION="Bearer fov_wrong")
    assert client.get("/api/v1/me/").status_code == 401


def test_others_tokens_cannot_be_revoked_or_seen(api, with_token):
    token = with_token().token
    other = UserFactory()
    assert api(other).delete(f"/api/v1/tokens/{token.pk}/").status_code == 404
    assert api(other).get("/api/v1/tokens/").json()["results"] == []


def test_a_token_makes_no_token_and_changes_no_password(with_token):
    client = with_token("write")
    assert client.post("/api/v1/tokens/", {"name": "more"}, format="json").status_code == 403
    assert client.post("/api/v1/session/password/", {"new_password": "x"}, format="json").status_code == 403


def test_when_a_token_was_used_is_noted_at_most_once_a_minute(with_token):
    client = with_token()

    def used():
        client.get("/api/v1/me/")
        return ApiToken.objects.get(pk=client.token.pk).last_used_at

    first = used()
    assert used() == first
    ApiToken.objects.update(last_used_at=Now() - timedelta(minutes=2))
    assert used() >= first


@pytest.mark.parametrize(
    "wrong", [{"scope": "root"}, {"days": 0}, {"days": 9999}, {"days": "soon"}, {"name": ""}]
)
def test_a_wrong_wish_is_refused(api, ann, wrong):
    answer = api(ann).post("/api/v1/tokens/", {"name": "t", **wrong}, format="json")
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["error"]["details"]["fields"]


def test_a_person_has_not_more_tokens_than_the_limit(api, ann, monkeypatch):
    monkeypatch.setattr(token_services, "MAX_TOKENS", 1)
    assert api(ann).post("/api/v1/tokens/", {"name": "1"}, format="json").status_code == 201
    assert api(ann).post("/api/v1/tokens/", {"name": "2"}, format="json").status_code == 429
