"""Health, and the answers outside REST framework, over the real middleware."""

import django.urls
import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client

import fovea.urls
from fovea.core import health
from fovea.core.middleware import POLICY


def boom(request: HttpRequest):
    raise ZeroDivisionError("Doe^Jane")


def no_database(request: HttpRequest):
    raise OperationalError("could not connect: password=secret")


class Urls:
    """The site's addresses and two that break."""

    urlpatterns = [
        django.urls.path("api/v1/boom/", boom),
        django.urls.path("boom/", boom),
        django.urls.path("api/v1/no-database/", no_database),
        django.urls.path("no-database/", no_database),
        *fovea.urls.urlpatterns,
    ]
    handler400, handler403 = fovea.urls.handler400, fovea.urls.handler403
    handler404, handler500 = fovea.urls.handler404, fovea.urls.handler500


@pytest.fixture
def client(settings):
    settings.ROOT_URLCONF = Urls
    return Client(raise_request_exception=False)


def test_alive_needs_no_database(client):
    assert client.get("/healthz").json() == {"status": "alive"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/nowhere/", 404, "not_found"),
        ("/api/v1/boom/", 500, "internal"),
        ("/api/v1/no-database/", 503, "unavailable"),
        ("/dicomweb/nowhere", 404, "not_found"),
    ],
)
def test_programs_get_json(client, path, status, code):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert b"Doe" not in answer.content
    assert b"secret" not in answer.content
    assert answer.has_header("Retry-After") is (status == 503)


@pytest.mark.parametrize(("path", "status"), [("/nowhere/", 404), ("/boom/", 500), ("/no-database/", 503)])
def test_people_get_a_page(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("text/html")
    assert b"Doe" not in answer.content
    assert b"Traceback" not in answer.content


@pytest.mark.django_db
def test_a_page_of_rest_framework_that_breaks_is_json_too(api, site_admin, monkeypatch):
    from fovea.accounts import selectors

    monkeypatch.setattr(selectors, "tokens_of", lambda actor: 1 / 0)
    answer = api(site_admin).get("/api/v1/tokens/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")


@pytest.mark.django_db
def test_ready_names_the_part_that_is_not(client, blob_root):
    answer = client.get("/readyz")
    parts = answer.json()["parts"]
    assert parts["database"] == {"ready": True}
    assert parts["blob_store"] == {"ready": True}
    assert parts["broker"] == {"ready": True}
    assert answer.status_code == 503
    assert parts["workers"]["reason"] == "no worker for: default, exports, ingest, learning"
    assert int(answer["Retry-After"]) > 0


@pytest.mark.django_db
def test_ready_when_every_queue_has_a_worker_that_lives(client, blob_root):
    from django.db.models.functions import Now

    from fovea.jobs.models import WorkerBeat

    WorkerBeat.objects.create(name="a", queues="default,ingest,exports", at=Now())
    WorkerBeat.objects.create(name="b", queues="learning", at=Now())
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.json()
    assert set(answer.json()["parts"]["workers"]["seconds_since_beat"]) == {
        "default",
        "ingest",
        "exports",
        "learning",
    }


@pytest.mark.django_db
def test_a_blob_store_that_cannot_be_written(client, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.BLOB_ROOT = tmp_path / "file" / "blobs"
    part = client.get("/readyz").json()["parts"]["blob_store"]
    assert part["ready"] is False
    assert str(tmp_path) not in str(part)


@pytest.mark.django_db
def test_a_part_that_breaks_tells_no_secret(client, monkeypatch):
    def broken():
        raise RuntimeError("amqp://user:secret@host")

    monkeypatch.setitem(health._checks, "broker", broken)
    answer = client.get("/readyz")
    assert answer.json()["parts"]["broker"] == {"ready": False, "reason": "does not answer"}
    assert b"secret" not in answer.content
