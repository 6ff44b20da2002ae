"""The commands for people at a shell."""

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from fovea.accounts.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def run(name, *arguments, **options):
    out = io.StringIO()
    call_command(name, *arguments, stdout=out, **options)
    return out.getvalue()


def test_a_person_with_the_password_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert "a site admin" in run("user_create", "root", "--admin")
    root = User.objects.get(username="root")
    assert root.is_superuser
    assert root.check_password(PASSWORD)


@pytest.mark.parametrize("password", ["short", ""])
def test_a_weak_password_makes_nobody(monkeypatch, password):
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    with pytest.raises(CommandError, match="password"):
        run("user_create", "root")
    assert not User.objects.exists()


def test_a_token_is_printed_and_works(api):
    UserFactory(username="ann")
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {run('token_create', 'ann', '--scope', 'read').strip()}")
    assert client.get("/api/v1/me/").json()["username"] == "ann"
    with pytest.raises(CommandError, match="nobody called bob"):
        run("token_create", "bob")


def test_links_for_the_demo_s_people_work():
    UserFactory(username="demo-radiologist")
    UserFactory(username="ann")
    lines = run("signin_links").splitlines()
    assert [line.split()[0] for line in lines] == ["demo-radiologist"]
    path = re.search(r"//[^/]+(/.*)", lines[0]).group(1)
    client = Client()
    assert client.post(path).status_code == 302
    assert client.get("/api/v1/me/").json()["username"] == "demo-radiologist"
    with pytest.raises(CommandError, match="nobody called zoe"):
        run("signin_links", "zoe")
