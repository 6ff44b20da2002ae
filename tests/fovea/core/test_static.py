"""Static files over the real middleware."""

import pytest
from django.test import Client

CSS = "/static/css/tokens.css"


@pytest.fixture
def client():
    return Client()


def test_a_file_comes_whole_and_not_as_a_stream(client):
    answer = client.get(CSS)
    assert answer.status_code == 200
    assert not answer.streaming
    assert answer["Content-Type"].startswith("text/css")
    assert int(answer["Content-Length"]) == len(answer.content)
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_head_ranges_and_unchanged_files(client):
    whole = client.get(CSS)
    head = client.head(CSS)
    assert (head.content, head["Content-Length"]) == (b"", whole["Content-Length"])
    part = client.get(CSS, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert client.get(CSS, headers={"If-None-Match": whole["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/static/../manage.py", "/static/%2e%2e/manage.py", "/static/nowhere.css"])
def test_nothing_beside_the_folder_is_served(client, path):
    assert client.get(path).status_code == 404
